"""Validation in larger batches, where that does not change a figure."""

import inspect
from typing import Any

import keras

from keras_search.tuner import keras_private
from keras_search.tuner.fast import replacing
from keras_search.tuner.fast.acceleration import CallAcceleration
from keras_search.tuner.fast.steps import ArrayBatches, Batches
from keras_search.tuner.fast.wrapped_fit import FitCall

MOST_EXAMPLES = 500

# Of inputs in a batch; what a model computes from them may take a hundred times as much.
_MOST_BYTES = 8_000_000
_MEAN = "sum_over_batch_size"
_KNOWN_PACKAGES = ("keras", "keras_search")


class Validation(CallAcceleration):
    """Enlarges the batches of arrays that `Fit` validates on, where no figure depends on their size."""

    name = "validation"
    what = f"validation runs in batches of up to {MOST_EXAMPLES} examples"

    def why_not_to(self, call: FitCall) -> str | None:
        if not isinstance(call.x, Batches):
            return "it builds on `fit`, which is off"
        batches = call.get("validation_data")
        if batches is None:
            return "`fit` is given no validation data"
        if not isinstance(batches, ArrayBatches):
            return "the validation data are a tf.data.Dataset, in batches of its own"
        if call.asked.get("validation_batch_size") is not None:
            return "`fit` is given a `validation_batch_size`"
        return why_not_of_any_size(call.model, batches.data)

    def change(self, call: FitCall) -> None:
        batches = call.get("validation_data")
        batches.enlarge(largest(batches.data))


def largest(data: Any) -> int:
    """The largest size of batches of `data` that memory allows."""
    example = sum(array[:1].nbytes for array in keras.tree.flatten(data))
    return min(MOST_EXAMPLES, _MOST_BYTES // max(example, 1))


def why_not_of_any_size(model: keras.Model, data: Any) -> str | None:
    """Why a figure of `data`, packed by Keras, may depend on the size of batches; None if none does."""
    _, y, _ = keras.utils.unpack_x_y_sample_weight(data)
    if keras.tree.is_nested(y):
        return "Keras's losses of several outputs are means over the batches, whatever the size of the last one"
    if _has_its_batch_size(model):
        return "the model takes batches of one size, or has a state for each example of a batch"
    if not _has_only_means(model):
        return "a loss, a metric, a layer or the model itself may tell more of a batch than means over its examples"
    return None


def _has_only_means(model: keras.Model) -> bool:
    """Whether losses and metrics of `model` are means over examples, or Keras's metrics, whatever the batches.

    The user's own losses and metrics are computed once per batch, and the user's own layers may add a loss to each.
    """
    figures = keras.tree.flatten([getattr(model, "loss", None), *keras_private.given_metrics(model)])
    layers = replacing.layers(model)
    return (
        all(
            _is_known(figure) and getattr(figure, "reduction", _MEAN) == _MEAN for figure in keras.tree.flatten(figures)
        )
        and not any(getattr(layer, "mask_zero", False) or isinstance(layer, keras.layers.Masking) for layer in layers)
        and all(map(_is_known, layers))
        and getattr(inspect.unwrap(model.test_step), "__func__", None) is keras.Model.test_step
        and type(model).compute_loss is keras.Model.compute_loss
        and type(model).compute_metrics is keras.Model.compute_metrics
    )


def _has_its_batch_size(model: keras.Model) -> bool:
    """Whether `model` takes only batches of one size, or has a state for each example of a batch."""
    inputs = keras.tree.flatten(getattr(model, "inputs", None) or [])
    return any(tensor.shape[:1] not in ((), (None,)) for tensor in inputs) or any(
        getattr(layer, "stateful", False) for layer in [model, *replacing.layers(model)]
    )


def _is_known(part: Any) -> bool:
    return part is None or isinstance(part, str) or str(part.__module__).partition(".")[0] in _KNOWN_PACKAGES
