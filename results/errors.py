"""What can be wrong with a run that is to be read."""


class RunError(ValueError):
    """A run is not there, is empty or holds nothing to show; the message says what to do."""
