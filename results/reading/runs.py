"""Finds runs by name."""

from pathlib import Path

from keras_search.results import layout
from keras_search.results.errors import RunError
from keras_search.results.reading import projects

ROOT = Path("runs")

_LONGEST_BYTES = 200


def directory(name: str) -> Path:
    """The directory of the run `name`: a plain name is one under `runs/`, anything else is a path.

    Raises:
        RunError: The name is empty, too long, or begins with the `~` of an unknown user.
    """
    if not name.strip():
        raise RunError("the run's name is empty: give a name or a path")
    if Path(name).name == name and name != ".." and not name.startswith("~"):
        path = ROOT / name
    else:
        try:
            path = Path(name).expanduser().resolve()
        except RuntimeError as error:
            raise RunError(f"the run {name!r} cannot be found: {error}") from None
    if (length := len(path.name.encode(errors="surrogateescape"))) > _LONGEST_BYTES:
        raise RunError(f"the run's name is {length} bytes long (UTF-8): give one of at most {_LONGEST_BYTES}")
    return path


def find(name: str | None) -> Path:
    """The directory of the run `name`; without a name, of the run that was written to last.

    A plain name that is no run under `runs/` may also be a folder here, as a Keras Tuner project can be anywhere.

    Raises:
        RunError: `name` cannot be the name of a run; or none is given, and there is no run.
    """
    if name is not None:
        path = directory(name)
        return Path(name) if not path.exists() and Path(name).is_dir() else path
    runs = [path for path in ROOT.glob("*") if path.is_dir() and projects.is_project(path)]
    if not runs:
        raise RunError(f"there is no run in {str(ROOT)!r}: `search` makes one, or give the path of one")
    return max(runs, key=_last_written)


def _last_written(run: Path) -> float:
    files = (run / name for name in (layout.RUN, layout.SUMMARY, layout.ORACLE))
    return max((file.stat().st_mtime for file in files if file.exists()), default=run.stat().st_mtime)
