"""Writes figures, whole or not at all."""

import io
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from keras_search.results import files, outputs
from keras_search.results.errors import Parameter, RunError

FORMATS = ("png", "svg")

_DPI = 144  # twice the points per inch, for sharp text at the width of a README


def check_file(path: Path) -> None:
    """Raises RunError if no figure can be written to `path`: its ending is no picture format, or it has no folder."""
    if path.suffix.lstrip(".").lower() not in FORMATS:
        raise RunError(Parameter("path"), f" {str(path)!r} names no picture format: end it in .{' or .'.join(FORMATS)}")
    outputs.check("path", path)


def check_folder(path: Path, is_named: bool = True) -> None:
    """Raises RunError if figures cannot be written into the folder `path`, which need not exist yet.

    Args:
        is_named: Whether the user named it; only then may it be a link.
    """
    if not is_named and path.is_symlink():
        raise RunError(
            f"{str(path)!r} is a link, into which nothing is written: name the folder by ", Parameter("path")
        )
    if path.exists() and not path.is_dir():
        raise RunError(Parameter("path"), f" {str(path)!r} is a file: give the name of a folder")


def rendered(figure: Figure, name: str, ending: str) -> bytes:
    """The bytes of `figure` as a file called `name` in the format `ending`, one of `FORMATS`."""
    # Without a date, and with a fixed salt for its ids, the same run gives the same SVG.
    metadata = {"Date": None} if ending == "svg" else None
    file = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": name}):
        figure.savefig(file, format=ending, dpi=_DPI, metadata=metadata)
    return file.getvalue()


def save(figure: Figure, path: Path) -> None:
    """Writes `figure` to `path`, whose ending says the format."""
    outputs.write(path, _picture(figure, path))


def save_all(figures: dict[str, Figure], folder: Path) -> list[Path]:
    """Writes each figure into `folder` under its name, as PNG and as SVG; returns the paths of the PNG files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, figure in figures.items():
        for ending in FORMATS:
            path = folder / f"{name}.{ending}"
            with files.replacing(path) as temporary:
                temporary.write_bytes(_picture(figure, path))
    return [folder / f"{name}.{FORMATS[0]}" for name in figures]


def _picture(figure: Figure, path: Path) -> bytes:
    return rendered(figure, path.name, path.suffix.lstrip(".").lower())
