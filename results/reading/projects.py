"""Recognises run directories and Keras Tuner projects, and finds those in a folder."""

from collections.abc import Sequence
from pathlib import Path

from keras_search.results import layout
from keras_search.results.errors import RunError

_DEPTH = 5  # levels of folders; `directory/project_name` is two
_NAMED = 10


def is_project(path: Path) -> bool:
    """Whether the folder `path` is a run directory or a Keras Tuner project."""
    if any((path / name).is_file() for name in (layout.RUN, layout.ORACLE)):
        return True
    return any(path.glob(f"{layout.TRIAL_PREFIX}*/{layout.TRIAL}"))


def inside(path: Path) -> list[Path]:
    """The runs and projects in the folder `path`, up to `_DEPTH` levels down, sorted; not `path` itself."""
    projects: list[Path] = []
    seen = {path.resolve()}
    level = [path] if path.is_dir() else []
    for _ in range(_DEPTH):
        # A link may lead back to a folder above it.
        level = [folder for parent in level for folder in _folders(parent) if _is_new(folder, seen)]
        projects += filter(is_project, level)
    return sorted(projects)


def only(path: Path) -> Path:
    """`path` if it is a run or a project, else the only run or project in it.

    Raises:
        RunError: There is no such folder, or it holds none or several.
    """
    if not path.exists():
        raise RunError(f"there is no run {str(path)!r}: `search` makes one; give its name under runs/, or its path")
    if not path.is_dir():
        raise RunError(f"{str(path)!r} is a file: give the folder of a run or of a Keras Tuner project")
    if is_project(path):
        return path
    projects = inside(path)
    if not projects:
        raise RunError(
            f"{str(path)!r} is not a run or a Keras Tuner project: it has no {layout.RUN}, no {layout.ORACLE} and no "
            f"{layout.TRIAL_PREFIX}*/{layout.TRIAL}"
        )
    if len(projects) > 1:
        raise RunError(f"{str(path)!r} holds {len(projects)} projects, give one of them: {named(path, projects)}")
    return projects[0]


def named(path: Path, projects: Sequence[Path]) -> str:
    """The first few of `projects`, as paths relative to the folder `path`."""
    return ", ".join(
        [repr(str(project.relative_to(path))) for project in projects[:_NAMED]] + ["..."] * (len(projects) > _NAMED)
    )


def _folders(parent: Path) -> list[Path]:
    # A run's confirmation is a part of it.
    passed_over = (layout.TRIAL_PREFIX, layout.CONFIRMATION, ".") if is_project(parent) else (".",)
    try:
        return [path for path in parent.iterdir() if not path.name.startswith(passed_over) and path.is_dir()]
    except PermissionError:
        return []


def _is_new(folder: Path, seen: set[Path]) -> bool:
    resolved = folder.resolve()
    if resolved in seen:
        return False
    seen.add(resolved)
    return True
