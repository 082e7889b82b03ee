"""How large the batches of a validation may be without another figure than Keras's."""

import inspect
from typing import Any

import keras

from keras_search.tuner import keras_private

MOST_EXAMPLES = 500

# What a model makes of a batch may take a hundred times as much.
_MOST_BYTES = 8_000_000
_MEAN = "sum_over_batch_size"
_TELL_MEANS = ("keras", "keras_search")


def batch_size(model: keras.Model, data: Any, usual: int) -> int:
    """The size of the batches of `data`, arrays as Keras packs them: a large one, or else the `usual` one."""
    _, y, _ = keras.utils.unpack_x_y_sample_weight(data)
    # Keras's losses of several outputs are means over the batches, whatever the size of the last one.
    if keras.tree.is_nested(y) or not _tells_means(model) or _has_its_batch_size(model):
        return usual
    example = sum(array[:1].nbytes for array in keras.tree.flatten(data))
    return max(usual, min(MOST_EXAMPLES, _MOST_BYTES // max(example, 1)))


def _tells_means(model: keras.Model) -> bool:
    """Whether all that `model` tells of examples are means over them, or what Keras's metrics gather otherwise.

    A function of the user's own is called once a batch, and its layer may add a loss once a batch.
    """
    told = [getattr(model, "loss", None), *keras_private.given_metrics(model)]
    layers = keras_private.layers(model, include_self=False)
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
        getattr(layer, "stateful", False) for layer in keras_private.layers(model)
    )


def _is_known(thing: Any) -> bool:
    return thing is None or isinstance(thing, str) or str(thing.__module__).partition(".")[0] in _TELL_MEANS
