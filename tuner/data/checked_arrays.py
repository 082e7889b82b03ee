"""Arrays of images and labels: read from the user's `.npz`, checked, and converted to one form."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from keras_search.results.text import telling_line
from keras_search.tuner.data import npz
from keras_search.tuner.data.images import Images
from keras_search.tuner.errors import InputError

NAMES = ("x_train", "y_train", "x_test", "y_test")

_SMALLEST_SIDE = 4
# An array without channels that is narrower than this, and this many times as long or longer, is a time series.
_NARROW, _TIMES = 16, 4


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """The four arrays of an `.npz` file, unchanged, mapped where they are not compressed; no pickled objects.

    Raises:
        InputError: The file is missing or damaged, lacks an array, or holds pickled objects.
    """
    if not path.is_file():
        kind = "a folder" if path.is_dir() else "no regular file" if path.exists() else "not there"
        raise InputError(f"dataset {str(path)!r} is {kind}: give the path of an .npz file")
    if not zipfile.is_zipfile(path):
        raise InputError(f"dataset {str(path)!r} is not an .npz file, or it is cut off: write it with numpy.savez")
    try:
        with np.load(path, allow_pickle=False) as file:
            missing = [name for name in NAMES if name not in file]
            if missing:
                raise InputError(f"dataset {str(path)!r} lacks {', '.join(missing)}: it needs {', '.join(NAMES)}")
            mapped = npz.mapped(path, NAMES)
            arrays: dict[str, np.ndarray] = {name: mapped[name] if name in mapped else file[name] for name in NAMES}
            if not all(isinstance(array, np.ndarray) for array in arrays.values()):
                raise ValueError("a member is not an array")
            return arrays
    except InputError:
        raise
    except (
        ValueError,
        OSError,
        EOFError,
        KeyError,
        MemoryError,
        RuntimeError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        if "Header info length" in str(error):
            raise InputError(
                f"dataset {str(path)!r} has an array with a longer header than NumPy reads for safety, as a table of "
                "hundreds of named columns has: save plain arrays of numbers"
            ) from error
        if "allow_pickle" in str(error):
            raise InputError(
                f"dataset {str(path)!r} holds pickled objects, which could run code and are not loaded: "
                "save plain arrays of numbers"
            ) from error
        raise InputError(
            f"dataset {str(path)!r} cannot be read ({telling_line(str(error))}): write it with numpy.savez"
        ) from error


def check(arrays: dict[str, np.ndarray], source: str) -> tuple[Images, np.ndarray, Images, np.ndarray]:
    """Checks `arrays`; gives them as float32 (images, height, width, channels) and int64 (images,).

    Images of uint8 are scaled to [0, 1]; the values of floats are kept.

    Args:
        source: The name of the dataset in messages.

    Returns:
        `x_train, y_train, x_test, y_test`.

    Raises:
        InputError: The arrays do not make an image classification dataset: wrong shapes, types, lengths, values or
            labels.
    """
    x_train, y_train = _images(arrays, "x_train", source), _labels(arrays, "y_train", source)
    x_test, y_test = _images(arrays, "x_test", source), _labels(arrays, "y_test", source)
    _require(
        x_train.shape[1:] == x_test.shape[1:],
        source,
        f"has training images of {x_train.shape[1:]} and test images of {x_test.shape[1:]}: they must be alike",
    )
    for part, x, y in (("train", x_train, y_train), ("test", x_test, y_test)):
        _require(len(x) == len(y), source, f"has {len(x)} images in x_{part} and {len(y)} labels in y_{part}")
    classes = np.unique(y_train)
    _require(len(classes) > 1, source, f"has a single class, {classes[0]}, in y_train: there is nothing to tell apart")
    _require(
        np.array_equal(classes, np.arange(len(classes))),
        source,
        f"has labels in y_train that are not 0..n-1 (found {_some(classes)}): number the classes from 0, none left out",
    )
    unknown = np.setdiff1d(y_test, classes)
    _require(not len(unknown), source, f"has labels in y_test that y_train lacks: {_some(unknown)}")
    return x_train, y_train, x_test, y_test


def _images(arrays: dict[str, np.ndarray], name: str, source: str) -> Images:
    images = arrays[name]
    _require(
        images.dtype == np.uint8 or np.issubdtype(images.dtype, np.floating),
        source,
        f"has {name} of {images.dtype}: images must be uint8 (0..255) or float",
    )
    _require(0 not in images.shape, source, f"has {name} of shape {images.shape}: there is no image in it")
    _require(
        images.ndim in (3, 4),
        source,
        f"has {name} of shape {images.shape}: it must be (images, height, width) or (images, height, width, channels)",
    )
    shorter, longer = sorted(images.shape[1:3])
    _require(
        images.ndim == 4 or shorter >= _NARROW or longer < _TIMES * shorter,
        source,
        f"has {name} of shape {images.shape}, as a series of {longer} steps of {shorter} values has: if they are "
        f"images, store them with their channel, {(*images.shape, 1)}; a series wants a script of your own",
    )
    _require(
        min(images.shape[1:3]) >= _SMALLEST_SIDE,
        source,
        f"has {name} of shape {images.shape}: images must be at least {_SMALLEST_SIDE}x{_SMALLEST_SIDE}",
    )
    checked = Images(images)
    is_finite = checked.is_scaled or all(bool(np.isfinite(part).all()) for part in checked.parts())
    _require(is_finite, source, f"has NaN or infinity in {name} (as float32)")
    return checked


def _labels(arrays: dict[str, np.ndarray], name: str, source: str) -> np.ndarray:
    labels = arrays[name]
    labels = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    _require(
        labels.ndim == 1 and len(labels) > 0,
        source,
        f"has {name} of shape {labels.shape}: it must hold one class for each image, shape (images,)",
    )
    _require(
        np.issubdtype(labels.dtype, np.integer),
        source,
        f"has {name} of {labels.dtype}: labels must be whole numbers, 0..n-1",
    )
    return labels.astype("int64")


def _require(condition: bool, source: str, complaint: str) -> None:
    if not condition:
        raise InputError(f"dataset {source!r} {complaint}")


def _some(values: np.ndarray) -> str:
    shown = ", ".join(str(value) for value in values[:10])
    return shown + ", ..." if len(values) > 10 else shown
