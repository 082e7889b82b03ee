"""LSTM and GRU layers in one operation each way; Keras runs dozens of small ones for every step of a sequence."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from keras_search.tuner.fast import operations
from keras_search.tuner.fast.acceleration import is_in_step
from keras_search.tuner.fast.compiled_layer import CompiledLayer
from keras_search.tuner.fast.tensors import value


class Recurrent(CompiledLayer):
    """Makes LSTM and GRU layers compute whole sequences with one operation, forward and backward.

    It needs compiled `operations`. What the inputs contribute is one matrix product for all steps. The formulas are
    those of `LSTMCell.call`, and of `GRUCell.call` with `reset_after`. Masks, given states, dropout within the layer
    and other activations are left to Keras. There is no second derivative.
    """

    name = "recurrent"
    what = "LSTM and GRU layers compute a whole sequence in one operation each way"
    lacks = "the model has no LSTM or GRU with Keras's activations that gives its outputs alone"

    def covers(self, layer: keras.layers.Layer) -> bool:
        return (
            type(layer) in (keras.layers.LSTM, keras.layers.GRU)
            and layer.activation is keras.activations.tanh
            and layer.recurrent_activation is keras.activations.sigmoid
            and not (layer.return_state or layer.stateful)
            and getattr(layer, "reset_after", True)
        )

    @staticmethod
    def call(
        layer: Any, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool | None = False
    ) -> Any:
        compiled = operations.for_graph() if is_in_step() else None
        drops = training and (layer.dropout or layer.recurrent_dropout)
        is_covered = isinstance(sequences, tf.Tensor) and sequences.dtype == layer.cell.kernel.dtype == "float32"
        if compiled is None or initial_state is not None or mask is not None or drops or not is_covered:
            return type(layer).call(layer, sequences, initial_state=initial_state, mask=mask, training=training)
        if layer.go_backwards:
            sequences = tf.reverse(sequences, [1])
        cell, units = layer.cell, layer.units
        kernel, recurrent_kernel = value(cell.kernel), value(cell.recurrent_kernel)
        shape = tf.shape(sequences)
        inputs = tf.matmul(tf.reshape(sequences, (-1, kernel.shape[0])), kernel)
        bias = None if cell.bias is None else value(cell.bias)
        if bias is not None:
            inputs = tf.nn.bias_add(inputs, bias[0] if bias.shape.rank == 2 else bias)
        inputs = tf.reshape(inputs, (shape[0], shape[1], kernel.shape[1]))
        if isinstance(layer, keras.layers.LSTM):
            outputs = _lstm(compiled)(inputs, recurrent_kernel)
        else:
            inner = tf.zeros(3 * units) if bias is None else bias[1]
            outputs = _gru(compiled)(inputs, recurrent_kernel, inner)
        outputs = tf.ensure_shape(outputs, (*sequences.shape[:2], units))
        return outputs if layer.return_sequences else outputs[:, -1]


def _lstm(compiled: Any) -> Callable[..., Any]:
    @tf.custom_gradient
    def lstm(inputs: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, ...]]]:
        outputs, cells, gates = compiled.lstm(inputs, kernel)

        def gradients(upstream: tf.Tensor) -> tuple[tf.Tensor, ...]:
            gradient = compiled.lstm_grad(upstream, kernel, cells, gates)
            return tf.reshape(gradient, tf.shape(inputs)), _of_kernel(outputs, gradient, kernel)

        return outputs, gradients

    return lstm


def _gru(compiled: Any) -> Callable[..., Any]:
    @tf.custom_gradient
    def gru(
        inputs: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor
    ) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, ...]]]:
        outputs, gates = compiled.gru(inputs, kernel, bias)

        def gradients(upstream: tf.Tensor) -> tuple[tf.Tensor, ...]:
            gradient, inner = compiled.gru_grad(upstream, kernel, outputs, gates)
            of_bias = tf.reduce_sum(inner, (0, 1))
            return tf.reshape(gradient, tf.shape(inputs)), _of_kernel(outputs, inner, kernel), of_bias

        return outputs, gradients

    return gru


def _of_kernel(outputs: tf.Tensor, gradient: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """The gradient of a recurrent kernel, from that of its products with the outputs of the step before."""
    before = tf.pad(outputs[:, :-1], ((0, 0), (1, 0), (0, 0)))
    rows, columns = kernel.shape
    return tf.matmul(tf.reshape(before, (-1, rows)), tf.reshape(gradient, (-1, columns)), transpose_a=True)
