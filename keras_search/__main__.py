"""The command line as `python -m keras_search`."""

from keras_search.commands.app import main

main()
