"""What ends a search or refuses to begin one."""


class InputError(ValueError):
    """The user asked for something that cannot be done; the message names it and says what to do."""


class SearchError(RuntimeError):
    """The search cannot go on: trial after trial fails the same way, or none can work."""
