"""Models that train in a moment, data for them, and a callback that watches batches."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from keras_search.tuner.fast.fit import STEPS_PER_CALL

RNG = np.random.default_rng(0)
# Neither a multiple of the batch nor of the batches in one call.
COUNT = STEPS_PER_CALL * 16 + 16 * 3 + 5
X = RNG.random((COUNT, 8, 8, 1), dtype="float32")
Y = RNG.integers(0, 3, COUNT)
VALIDATION = (RNG.random((701, 8, 8, 1), dtype="float32"), RNG.integers(0, 3, 701))


def small_model() -> keras.Model:
    """It begins with the same weights each time, whatever other threads draw from Python's generator meanwhile."""
    keras.utils.set_random_seed(0)
    first, second = (keras.initializers.GlorotUniform(seed) for seed in (1, 2))
    model = keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(4, 3, activation="relu", kernel_initializer=first),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(3, activation="softmax", kernel_initializer=second),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def model_with_an_autoencoders_step() -> keras.Model:
    def train_step(data: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        x, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            decoded = model(x, training=True)
            loss = tf.reduce_mean((x[..., 0] - decoded) ** 2)
        model.optimizer.apply(tape.gradient(loss, model.trainable_weights), model.trainable_weights)
        return {"loss": loss} | model.compute_metrics(x, x[..., 0], decoded)

    model = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(64), layers.Reshape((8, 8))])
    model.train_step = train_step
    return model


class CountBatches(keras.callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.batches = 0

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self.batches += 1
