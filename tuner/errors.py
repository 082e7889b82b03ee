"""The errors that end a search or refuse to begin it."""

from pathlib import Path

from keras_search.results.errors import Refusal

_TRIED = {"tensorflow": "2.21", "jax": "0.10", "torch": "2.13"}


class InputError(Refusal):
    """The user asked for something that cannot be done; the message names it and says what to do."""


class SearchError(RuntimeError):
    """The search cannot go on: trials fail the same way again and again, or none can work."""


class VersionError(SearchError):
    """The installed versions lack what the toolkit needs.

    Args:
        lack: What they lack.
        *installed: The versions of Keras and Keras Tuner, the package of Keras's backend, and its version.
    """

    def __str__(self) -> str:
        lack, keras, keras_tuner, backend, version = self.args
        return (
            f"{lack}, with keras {keras}, keras-tuner {keras_tuner} and {backend} {version}: install keras 3.15, "
            f"keras-tuner 1.4.8 and {backend} {_TRIED.get(backend, '')}, with which this was tried"
        )


class Stopped(KeyboardInterrupt):
    """Ctrl-C or SIGTERM has ended the search of the run directory `path`."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
