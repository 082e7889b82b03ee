"""Validation in batches as large as they may be without another figure than Keras's."""

import inspect
from typing import Any

import keras

from keras_search.tuner import keras_private
from keras_search.tuner.fast import replacing
from keras_search.tuner.fast.acceleration import CallAcceleration
from keras_search.tuner.fast.steps import ArrayBatches, Batches
from keras_search.tuner.fast.wrapped_fit import FitCall

MOST_EXAMPLES = 500

# What a model makes of a batch may take a hundred times as much.
_MOST_BYTES = 8_000_000
_MEAN = "sum_over_batch_size"
_TELL_MEANS = ("keras", "keras_search")


class Validation(CallAcceleration):
    """Makes the batches of arrays that `Fit` validates on large, where no figure depends on their size."""

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
    """The size of the largest batches of `data` that there is room for."""
    example = sum(array[:1].nbytes for array in keras.tree.flatten(data))
    return min(MOST_EXAMPLES, _MOST_BYTES // max(example, 1))


def why_not_of_any_size(model: keras.Model, data: Any) -> str | None:
    """Why a figure of `data`, as Keras packs arrays, may depend on the size of the batches; None where none does."""
    _, y, _ = keras.utils.unpack_x_y_sample_weight(data)
    if keras.tree.is_nested(y):
        return "Keras's losses of several outputs are means over the batches, whatever the size of the last one"
    if _has_its_batch_size(model):
        return "the model takes batches of one size, or has a state for each example of a batch"
    if not _tells_means(model):
        return "a loss, a metric, a layer or the model itself may tell more of a batch than means over its examples"
    return None


def _tells_means(model: keras.Model) -> bool:
    """Whether all that `model` tells of examples are means over them, or what Keras's metrics gather otherwise.

    A function of the user's own is called once a batch, and its layer may add a loss once a batch.
    """
    told = [getattr(model, "loss", None), *keras_private.given_metrics(model)]
    layers = replacing.layers(model)
    return (
        all(_is_known(one) and getattr(one, "reduction", _MEAN) == _MEAN for one in keras.tree.flatten(told))
        and not any(getattr(layer, "mask_zero", False) or isinstance(layer, keras.layers.Masking) for layer in layers)
        and all(map(_is_known, layers))
        and getattr(inspect.unwrap(model.test_step), "__func__", None) is keras.Model.test_step
        and type(model).compute_loss is keras.Model.compute_loss
        and type(model).compute_metrics is keras.Model.compute_metrics
    )


def _has_its_batch_size(model: keras.Model) -> bool:
    """Whether `model` takes batches of one size alone, or holds a state for each example of a batch."""
    inputs = keras.tree.flatten(getattr(model, "inputs", None) or [])
    return any(one.shape[:1] not in ((), (None,)) for one in inputs) or any(
        getattr(layer, "stateful", False) for layer in [model, *replacing.layers(model)]
    )


def _is_known(thing: Any) -> bool:
    return thing is None or isinstance(thing, str) or str(thing.__module__).partition(".")[0] in _TELL_MEANS
