"""The command line in a checkout, `python cli.py ...`; installed, it is called `keras-search`."""

from keras_search.commands.app import main

if __name__ == "__main__":
    main()
