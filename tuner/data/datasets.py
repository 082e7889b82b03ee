"""Image classification data, loaded, named and split: MNIST, Fashion-MNIST, digits, or the user's own `.npz`."""

import hashlib
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from keras_search.results.errors import Parameter
from keras_search.results.text import one_line
from keras_search.tuner import runtime
from keras_search.tuner.data import checked_arrays, images
from keras_search.tuner.data.images import Images
from keras_search.tuner.errors import InputError

MNIST_FINGERPRINT = "2f04848d51aac28a09ab0ffaed7414a75e345ae2ca65fd3b96f0d8ab0e0cadbe"
DOCUMENTED_ACCURACY = 0.1135

_DOWNLOAD_TIMEOUT_S = 30
_VALIDATION_SHARE = 6
_IMAGES_A_CLASS = 2  # one to train on, one to validate on


@dataclass(frozen=True)
class Dataset:
    """Images with labels.

    Attributes:
        name: `mnist`, `fashion_mnist`, `digits`, or the stem of the user's file.
        source: What `load` needs to load it again: a name, or the absolute path of a file.
        x_train, x_test: float32 (images, height, width, channels); uint8 images are scaled to [0, 1]. They are
            converted where they are read.
        y_train, y_test: int64 (images,), classes 0..n-1.
        fingerprint: SHA-256 of these arrays.
        notice: What the user must know about this choice of data, or empty.
    """

    name: str
    source: str
    x_train: Images | np.ndarray
    y_train: np.ndarray
    x_test: Images | np.ndarray
    y_test: np.ndarray
    fingerprint: str
    notice: str = ""

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Height, width and channels of an image."""
        return self.x_train.shape[1:]

    @property
    def num_classes(self) -> int:
        return int(self.y_train.max()) + 1

    @property
    def documented_accuracy(self) -> float | None:
        """The test accuracy in the baseline's README; None unless the data are MNIST."""
        return DOCUMENTED_ACCURACY if self.fingerprint == MNIST_FINGERPRINT else None

    def describe(self) -> str:
        """One line: name, numbers of images, their shape and classes."""
        height, width, channels = self.input_shape
        return (
            f"{one_line(self.name)}: {len(self.x_train):,} training and {len(self.x_test):,} test images, "
            f"{height}x{width}x{channels}, {self.num_classes} classes"
        )


@dataclass(frozen=True)
class Split:
    """The training images of a dataset, split into training and validation data."""

    x_train: Images | np.ndarray
    y_train: np.ndarray
    x_validation: Images | np.ndarray
    y_validation: np.ndarray


def load(source: str) -> Dataset:
    """Loads the dataset `source`: `auto`, `mnist`, `fashion_mnist`, `digits`, or the path of an `.npz` file.

    `auto` is MNIST if Keras has it in its cache or can download it, else digits.

    Raises:
        InputError: The name is unknown, the data cannot be loaded, or the file is not an image classification dataset.
    """
    if source == "auto":
        return _load_auto()
    if source in NAMES:
        return _make(source, source, arrays(source))
    if source.endswith(".npz") or os.sep in source:
        path = Path(source).resolve()
        return _make(path.stem, str(path), arrays(str(path)))
    raise InputError(f"unknown dataset {source!r}: choose auto, {', '.join(NAMES)}, or the path of an .npz file")


def arrays(source: str) -> dict[str, np.ndarray]:
    """`x_train, y_train, x_test, y_test` as `source` stores them: one of `NAMES` or the path of an `.npz` file.

    Raises:
        InputError: They cannot be loaded.
    """
    return _LOADERS[source]() if source in NAMES else checked_arrays.read_npz(Path(source))


def split(dataset: Dataset, seed: int, samples: int | None = None) -> Split:
    """Splits the training images, or a stratified sample of `samples` of them, into training and validation data.

    The validation data are a sixth (10,000 of MNIST's 60,000), stratified by class. Both parts have at least one image
    of each class. The same seed gives the same split.

    Raises:
        InputError: `samples` is fewer than two per class or more than there are, or a class has a single image.
    """
    labels = dataset.y_train
    samples = len(labels) if samples is None else samples
    single = np.flatnonzero(np.bincount(labels) < _IMAGES_A_CLASS)
    if len(single):
        raise InputError(
            f"dataset {dataset.source!r} has a single image of class {single[0]} in y_train: give at least "
            f"{_IMAGES_A_CLASS} of each class, one to train on and one to validate on"
        )
    least = _IMAGES_A_CLASS * dataset.num_classes
    if not least <= samples <= len(labels):
        raise InputError(
            Parameter("samples"),
            f" is {samples}: give at least {least}, of each class one image to train on and one to validate on, and at "
            f"most the {len(labels)} that {dataset.name} has",
        )
    rng = np.random.default_rng(seed)
    chosen = _of_each_class(labels, samples, rng, _IMAGES_A_CLASS)
    count = max(dataset.num_classes, round(samples / _VALIDATION_SHARE))
    validation = _of_each_class(labels[chosen], count, rng, 1)
    for_validation = np.zeros(samples, dtype=bool)
    for_validation[validation] = True
    train, held_out = chosen[~for_validation], chosen[for_validation]
    return Split(
        images.taken(dataset.x_train, train), labels[train], images.taken(dataset.x_train, held_out), labels[held_out]
    )


def stratified(labels: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Indices of `count` random examples, classes in proportion (largest remainder)."""
    sizes = np.bincount(labels)
    exact = sizes * count / len(labels)
    shares = exact.astype(int)
    remainders = exact - shares
    shares[np.argsort(-remainders, kind="stable")[: count - shares.sum()]] += 1
    members = (np.flatnonzero(labels == label) for label in range(len(sizes)))
    drawn = [rng.choice(own, n, replace=False) for own, n in zip(members, shares)]
    return np.concatenate(drawn)


def _of_each_class(labels: np.ndarray, count: int, rng: np.random.Generator, least: int) -> np.ndarray:
    """Like `stratified`, sorted, with at least `least` examples of each class; the largest classes give theirs up."""
    chosen = stratified(labels, count, rng)
    for label in range(labels.max() + 1):
        while np.count_nonzero(labels[chosen] == label) < least:
            largest = np.bincount(labels[chosen]).argmax()
            given_up = rng.choice(np.flatnonzero(labels[chosen] == largest))
            chosen[given_up] = rng.choice(np.setdiff1d(np.flatnonzero(labels == label), chosen))
    return np.sort(chosen)


def most_frequent(labels: np.ndarray) -> tuple[float, int]:
    """The share of the most frequent class among `labels`, and that class."""
    shares = np.bincount(labels) / len(labels)
    return float(shares.max()), int(shares.argmax())


def _load_auto() -> Dataset:
    try:
        return load("mnist")
    except InputError:
        digits = load("digits")
    return replace(
        digits,
        notice=(
            "MNIST is not in Keras's cache and could not be downloaded: using scikit-learn's digits "
            "(1,797 real handwritten digits) instead. Nothing here is comparable with figures for MNIST."
        ),
    )


def _keras_arrays(name: str) -> dict[str, np.ndarray]:
    runtime.load_keras()
    import keras

    timeout = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_DOWNLOAD_TIMEOUT_S)
    try:
        (x_train, y_train), (x_test, y_test) = getattr(keras.datasets, name).load_data()
    except Exception as error:  # Keras raises a bare Exception for a failed download
        cause = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            f"dataset {name!r} is not in Keras's cache and could not be downloaded ({cause}): "
            "give the path of an .npz file of it, as in ",
            Parameter("dataset"),
            " path/to/mnist.npz, or use ",
            Parameter("dataset"),
            " digits",
        ) from error
    finally:
        socket.setdefaulttimeout(timeout)
    return dict(zip(checked_arrays.NAMES, (x_train, y_train, x_test, y_test)))


def _digits_arrays() -> dict[str, np.ndarray]:
    """scikit-learn's 8x8 digits as 28x28 uint8 images, 1,500 to train on and 297 to test on."""
    from sklearn import datasets

    rows, targets = datasets.load_digits(return_X_y=True)
    images, labels = enlarged(np.asarray(rows).reshape(-1, 8, 8)), np.asarray(targets)
    test = np.zeros(len(images), dtype=bool)
    test[stratified(labels, 297, np.random.default_rng(0))] = True
    return dict(zip(checked_arrays.NAMES, (images[~test], labels[~test], images[test], labels[test])))


def enlarged(images: np.ndarray) -> np.ndarray:
    """scikit-learn's digits, (images, 8, 8) from 0 to 16, as uint8 (images, 28, 28)."""
    from scipy import ndimage

    factors = (1, 28 / 8, 28 / 8)
    zoomed = ndimage.zoom(images, factors, order=1, grid_mode=True, mode="nearest")
    return np.round(np.asarray(zoomed) * (255 / 16)).astype("uint8")


_LOADERS: Mapping[str, Callable[[], dict[str, np.ndarray]]] = {
    "mnist": lambda: _keras_arrays("mnist"),
    "fashion_mnist": lambda: _keras_arrays("fashion_mnist"),
    "digits": _digits_arrays,
}
NAMES = tuple(_LOADERS)


def _make(name: str, source: str, arrays: dict[str, np.ndarray]) -> Dataset:
    checked = checked_arrays.check(arrays, source)
    fingerprint = _fingerprint(*checked)
    if fingerprint == MNIST_FINGERPRINT:
        name = "mnist"
    elif source not in _LOADERS and name in _LOADERS:
        name = f"{name}.npz"  # a file with the name of a known dataset, but other data
    return Dataset(name, source, *checked, fingerprint)


def _fingerprint(*arrays: Images | np.ndarray) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        for part in array.parts() if isinstance(array, Images) else [array]:
            digest.update(np.ascontiguousarray(part).data)
    return digest.hexdigest()
