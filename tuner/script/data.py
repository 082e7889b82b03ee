"""The lines of a script that load the images and convert them to the form that the search used."""

import textwrap
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from keras_search.results.text import one_line
from keras_search.tuner.data import datasets
from keras_search.tuner.data.datasets import Dataset
from keras_search.tuner.script.literals import literal

_FROM_KERAS = "(x_train, y_train), (x_test, y_test) = keras.datasets.{name}.load_data()"
_FROM_FILE = """\
with np.load({path}) as data:
    x_train, y_train = data["x_train"], data["y_train"]
    x_test, y_test = data["x_test"], data["y_test"]"""
_DIGITS = """\
digits = load_digits()
images, labels = enlarged(digits.images), digits.target
is_test = np.zeros(len(images), dtype=bool)
is_test[stratified(labels, 297, np.random.default_rng(0))] = True
x_train, y_train = images[~is_test], labels[~is_test]
x_test, y_test = images[is_test], labels[is_test]"""


Stored = Mapping[str, np.ndarray]  # what `datasets.arrays` returns


def usage(dataset: Dataset, stored: Stored) -> str:
    """Where a script gets its images from, in words; empty if there is nothing to say."""
    if _is_plain_mnist(dataset, stored):
        return "Keras downloads the images, unless the path of an mnist.npz is given."
    if dataset.source in datasets.NAMES:
        return ""
    return f"The images are those of {one_line(dataset.source)}, or of the file whose path is given."


def functions(dataset: Dataset) -> list[Callable[..., Any]]:
    """The functions that the lines of `code` call; the script defines them first."""
    return [datasets.enlarged, datasets.stratified] if dataset.source == "digits" else []


def code(dataset: Dataset, stored: Stored, as_vectors: bool) -> str:
    """The lines that load `x_train, y_train, x_test, y_test` with the values that they have in `dataset`.

    Args:
        as_vectors: Whether labels become one-hot vectors.
    """
    lines = [_loading(dataset, stored)]
    for part in ("train", "test"):
        x, y = f"x_{part}", f"y_{part}"
        images = x
        if stored[x].ndim == 3:
            images += "[..., np.newaxis]"
        if stored[x].dtype != np.float32:
            images += '.astype("float32")'
        if stored[x].dtype == np.uint8:
            images += " / 255"
        if images != x:
            lines.append(f"{x} = {images}")
        if stored[y].ndim == 2:
            lines.append(f"{y} = {y}[:, 0]")
        if as_vectors:
            lines.append(f"{y} = keras.utils.to_categorical({y}, {dataset.num_classes})")
    return "\n".join(lines)


def _is_plain_mnist(dataset: Dataset, stored: Stored) -> bool:
    """Whether `dataset` is MNIST as Keras stores it: a file may hold the same images in another form."""
    forms = {(stored[name].dtype, stored[name].ndim) for name in ("x_train", "x_test")}
    return dataset.name == "mnist" and forms == {(np.dtype("uint8"), 3)}


def _loading(dataset: Dataset, stored: Stored) -> str:
    if _is_plain_mnist(dataset, stored):
        from_file = textwrap.indent(_FROM_FILE.format(path="sys.argv[1]"), "    ")
        return f"if len(sys.argv) > 1:\n{from_file}\nelse:\n    {_FROM_KERAS.format(name='mnist')}"
    if dataset.source == "digits":
        return _DIGITS
    if dataset.source in datasets.NAMES:
        return _FROM_KERAS.format(name=dataset.source)
    path = f"path = sys.argv[1] if len(sys.argv) > 1 else {literal(dataset.source)}"
    return f"{path}\n{_FROM_FILE.format(path='path')}"
