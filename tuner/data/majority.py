"""The accuracy of always predicting the most frequent class, on the validation data of a search in Python."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from keras_search.results.telling import sentences

# With more classes than this, or fewer examples per class, whole numbers may be counts instead of classes.
_MOST_CLASSES = 1000
_LEAST_EXAMPLES_A_CLASS = 2


def sentence(objective: str, fit_args: Sequence[Any], fit_kwargs: Mapping[str, Any]) -> str:
    """The accuracy to compare with, in words; empty if `objective` is no accuracy or labels are not clearly classes."""
    labels = _validated(fit_args, fit_kwargs) if _is_accuracy(objective) else None
    classes = None if labels is None else _classes(labels)
    if classes is None:
        return ""
    values, counts = np.unique(classes, return_counts=True)
    return sentences.most_frequent(
        float(counts.max() / len(classes)), int(values[counts.argmax()]), "validation examples"
    )


def _is_accuracy(objective: str) -> bool:
    return objective.startswith("val_") and objective.endswith(("accuracy", "acc")) and "top_k" not in objective


def _validated(fit_args: Sequence[Any], fit_kwargs: Mapping[str, Any]) -> Any:
    """The labels of the validation data, if they are an array; else None."""
    held_out = fit_kwargs.get("validation_data")
    if isinstance(held_out, tuple) and len(held_out) > 1:
        return held_out[1]
    labels = fit_args[1] if len(fit_args) > 1 else fit_kwargs.get("y")
    share = fit_kwargs.get("validation_split")
    if held_out is not None or not share or labels is None:
        return None
    if not hasattr(labels, "__getitem__") or not hasattr(labels, "shape"):
        return None
    return labels[math.floor(len(labels) * (1 - share)) :]  # as Keras splits it


def _classes(labels: Any) -> np.ndarray | None:
    """The class of each example; None if `labels` are not clearly classes, as whole numbers or one-hot rows."""
    if not hasattr(labels, "shape") or not all(labels.shape):
        return None
    array = np.asarray(labels)
    if array.dtype.kind not in "biuf":
        return None
    if array.ndim == 2 and array.shape[1] > 1:
        is_one_hot = ((array == 0) | (array == 1)).all() and (array.sum(axis=1) == 1).all()
        return array.argmax(axis=1) if is_one_hot else None
    if array.size != len(array) or not np.isfinite(array).all() or (array != np.floor(array)).any():
        return None
    classes = array.reshape(-1).astype("int64")
    count = len(np.unique(classes))
    return classes if count <= min(_MOST_CLASSES, len(classes) // _LEAST_EXAMPLES_A_CLASS) else None
