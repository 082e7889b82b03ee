"""Tells run directories and Keras Tuner projects from other folders, and finds those in a folder."""

from pathlib import Path

from results import layout
from results.errors import RunError

_DEPTH = 2  # as in directory/project_name, twice
_NAMED = 10


def is_project(path: Path) -> bool:
    """Whether the folder `path` is a run directory or a Keras Tuner project."""
    if any((path / name).is_file() for name in (layout.RUN, layout.ORACLE)):
        return True
    return any(path.glob(f"{layout.TRIAL_PREFIX}*/{layout.TRIAL}"))


def inside(path: Path) -> list[Path]:
    """The runs and projects in the folder `path` or in its folders, by name; none where it is one itself."""
    found: list[Path] = []
    level = [path] if path.is_dir() and not is_project(path) else []
    for _ in range(_DEPTH):
        level = [folder for parent in level for folder in _folders(parent)]
        found += filter(is_project, level)
        level = [folder for folder in level if folder not in found]
    return sorted(found)


def only(path: Path) -> Path:
    """`path`, where it is a run or a project, else the only one in it.

    Raises:
        RunError: There is no such folder, or it holds none or several of them.
    """
    if not path.exists():
        raise RunError(f"there is no run {str(path)!r}: `search` makes one; give its name under runs/, or its path")
    if not path.is_dir():
        raise RunError(f"{str(path)!r} is a file: give the folder of a run or of a Keras Tuner project")
    if is_project(path):
        return path
    found = inside(path)
    if not found:
        raise RunError(
            f"{str(path)!r} is not a run or a Keras Tuner project: it has no {layout.RUN}, no {layout.ORACLE} and no "
            f"{layout.TRIAL_PREFIX}*/{layout.TRIAL}"
        )
    if len(found) > 1:
        names = [repr(str(one.relative_to(path))) for one in found[:_NAMED]] + ["..."] * (len(found) > _NAMED)
        raise RunError(f"{str(path)!r} holds {len(found)} projects, give one of them: {', '.join(names)}")
    return found[0]


def _folders(parent: Path) -> list[Path]:
    try:
        return [path for path in parent.iterdir() if path.is_dir()]
    except PermissionError:  # what may not be read holds nothing to show
        return []
