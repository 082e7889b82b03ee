"""What may be tried: the search spaces, each around a documented baseline point."""

from search_spaces import baseline_cnn
from search_spaces.space import Hyperparameter, SearchSpace, SpaceError

SPACES = {space.name: space for space in [baseline_cnn.SPACE]}


def get(name: str) -> SearchSpace:
    """The space called `name`.

    Raises:
        SpaceError: There is none of that name.
    """
    if name not in SPACES:
        raise SpaceError(f"unknown space {name!r}: choose one of {', '.join(SPACES)}")
    return SPACES[name]


__all__ = ["SPACES", "Hyperparameter", "SearchSpace", "SpaceError", "get"]
