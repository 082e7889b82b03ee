"""What ends a search or refuses to begin one."""

from pathlib import Path

from keras_search.results.errors import Refusal


class InputError(Refusal):
    """The user asked for something that cannot be done; the message names it and says what to do."""


class SearchError(RuntimeError):
    """The search cannot go on: trial after trial fails the same way, or none can work."""


class VersionError(SearchError):
    """The installed Keras, Keras Tuner or TensorFlow lacks what the toolkit needs; the message names it."""

    def __str__(self) -> str:
        return f"{self.args[0]}: this was tried with keras 3.15, keras-tuner 1.4.8 and tensorflow 2.21, install those"


class Stopped(KeyboardInterrupt):
    """Ctrl-C or SIGTERM has ended the search of the run directory `path`."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
