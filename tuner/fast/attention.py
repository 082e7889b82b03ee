"""Attention in one operation each way; Keras runs two products and a softmax, and transposes what they need."""

import math
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from keras_search.tuner.fast import operations
from keras_search.tuner.fast.acceleration import is_in_step
from keras_search.tuner.fast.compiled_layer import CompiledLayer
from keras_search.tuner.keras_private import of_tensorflow


class Attention(CompiledLayer):
    """Makes a MultiHeadAttention layer compute what is between its projections with one operation each way.

    It needs compiled `operations`. The formula is that of `keras.ops.dot_product_attention` (Vaswani et al., 2017,
    section 3.2.1). Masks, dropout, more than one axis of tokens and returned scores are left to Keras. There is no
    second derivative.
    """

    name = "attention"
    what = "the scores of attention, their softmax and the product with the values are one operation each way"
    lacks = "the model has no MultiHeadAttention without dropout"
    method = of_tensorflow.ATTENTION

    def covers(self, layer: keras.layers.Layer) -> bool:
        return type(layer) is keras.layers.MultiHeadAttention and not layer.dropout

    @staticmethod
    def call(layer: Any, query: Any, key: Any, value: Any, *args: Any, **kwargs: Any) -> Any:
        compiled = operations.for_graph() if is_in_step() else None
        tensors = (query, key, value)
        are_covered = all(isinstance(each, tf.Tensor) and each.dtype == tf.float32 for each in tensors)
        if compiled is None or not are_covered or not of_tensorflow.is_plain_attention(layer, query, *args, **kwargs):
            return of_tensorflow.attention(layer, query, key, value, *args, **kwargs)
        outputs = _attended(compiled, 1 / math.sqrt(layer.key_dim))(query, key, value)
        return tf.ensure_shape(outputs, (*query.shape[:3], value.shape[3])), None


def _attended(compiled: Any, scale: float) -> Callable[..., Any]:
    @tf.custom_gradient
    def attended(
        query: tf.Tensor, key: tf.Tensor, value: tf.Tensor
    ) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, ...]]]:
        outputs, probabilities = compiled.attention(query, key, value, scale)

        def gradients(upstream: tf.Tensor) -> tuple[tf.Tensor, ...]:
            found = compiled.attention_grad(query, key, value, scale, probabilities, upstream)
            return tuple(tf.ensure_shape(each, of.shape) for each, of in zip(found, (query, key, value), strict=True))

        return outputs, gradients

    return attended
