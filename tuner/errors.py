"""What ends a search or refuses to begin one."""

from pathlib import Path

from keras_search.results.errors import Refusal


class InputError(Refusal):
    """The user asked for something that cannot be done; the message names it and says what to do."""


class SearchError(RuntimeError):
    """The search cannot go on: trial after trial fails the same way, or none can work."""


class Stopped(KeyboardInterrupt):
    """Ctrl-C or SIGTERM has ended the search of the run directory `path`."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
