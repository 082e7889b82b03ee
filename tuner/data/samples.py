"""A look at the data: sixteen images in a grid."""

import io
from pathlib import Path

from matplotlib.figure import Figure

from keras_search.results import outputs
from keras_search.results.errors import Parameter
from keras_search.tuner.data import handwriting
from keras_search.tuner.data.datasets import Dataset
from keras_search.tuner.errors import InputError

_SIDE = 4


def check_picture(path: Path) -> None:
    """Raises InputError if no picture can be written to `path`: its folder is missing, or its format is unknown."""
    formats = Figure().canvas.get_supported_filetypes()
    if path.suffix.lstrip(".").lower() not in formats:
        raise InputError(
            Parameter("path"), f" {str(path)!r} names no picture format: end it in .{', .'.join(sorted(formats))}"
        )
    if path.is_dir():
        raise InputError(Parameter("path"), f" {str(path)!r} is a folder: give the name of a file")
    if not path.absolute().parent.is_dir():
        raise InputError(Parameter("path"), f" {str(path)!r}: there is no folder {str(path.parent)!r}")


def save_samples(dataset: Dataset, path: Path) -> None:
    """Draws the first 4x4 training images, each titled by its label, into the picture `path`."""
    figure = Figure(figsize=(6, 6.6), layout="constrained")
    figure.suptitle(dataset.name)
    lowest = dataset.x_train.min()
    spread = (dataset.x_train.max() - lowest) or 1
    noun = "Number" if handwriting.is_known(dataset.name) else "Class"
    count = min(_SIDE**2, len(dataset.x_train))
    for axes, image, label in zip(
        figure.subplots(_SIDE, _SIDE).flat, dataset.x_train[:count], dataset.y_train[:count], strict=False
    ):
        picture = image if image.shape[-1] == 3 else image[..., 0]
        axes.imshow((picture - lowest) / spread, cmap="gray", vmin=0, vmax=1)
        axes.set_title(f"{noun} {label}")
    for axes in figure.axes:
        axes.axis("off")
    picture = io.BytesIO()
    figure.savefig(picture, format=path.suffix.lstrip(".").lower())
    outputs.write(path, picture.getvalue())
