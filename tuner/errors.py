"""The errors that end a search or refuse to begin it."""

from pathlib import Path

from keras_search.results.errors import Refusal


class InputError(Refusal):
    """The user asked for something that cannot be done; the message names it and says what to do."""


class SearchError(RuntimeError):
    """The search cannot go on: trials fail the same way again and again, or none can work."""


class VersionError(SearchError):
    """The installed versions lack what the toolkit needs.

    Args:
        lack: What they lack.
        *installed: The versions of Keras, Keras Tuner and TensorFlow, in this order.
    """

    def __str__(self) -> str:
        lack, keras, keras_tuner, tensorflow = self.args
        return (
            f"{lack}, with keras {keras}, keras-tuner {keras_tuner} and tensorflow {tensorflow}: "
            "install keras 3.15, keras-tuner 1.4.8 and tensorflow 2.21, with which this was tried"
        )


class Stopped(KeyboardInterrupt):
    """Ctrl-C or SIGTERM has ended the search of the run directory `path`."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
