"""What can be wrong with a run that is to be read."""


class RunError(ValueError):
    """A run is not there, is empty or holds nothing to show; the message says what to do."""


class DamagedFile(ValueError):
    """A file that cannot be made sense of: cut off by a kill, or not what its name says."""


class RunWarning(UserWarning):
    """A run holds something to show, but less than one might read into it; the message says what."""
