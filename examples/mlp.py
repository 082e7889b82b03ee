"""A search space of one's own: a multilayer perceptron for any images.

    python cli.py search --space examples/mlp.py:MLP --dataset digits --trials 10

An ordinary Keras Tuner hypermodel. Its defaults are the baseline; `epochs` and `batch_size` reach `model.fit`. A class
that does not ask for `input_shape` and `num_classes` works as well, and so does a function `build(hp)`.
"""

import keras
import keras_tuner
from keras import layers


class MLP(keras_tuner.HyperModel):
    def __init__(self, input_shape: tuple[int, ...], num_classes: int) -> None:
        super().__init__()
        self.input_shape = input_shape
        self.num_classes = num_classes

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        depth = hp.Int("layers", 1, 3)
        widths = []
        for layer in range(1, 4):
            with hp.conditional_scope("layers", list(range(layer, 4))):
                widths.append(hp.Int(f"units_{layer}", 16, 256, sampling="log", default=64))
        dropout = hp.Float("dropout", 0.0, 0.5, step=0.1)
        learning_rate = hp.Float("learning_rate", 1e-4, 1e-2, sampling="log", default=1e-3)
        hp.Int("epochs", 1, 10, default=5)
        hp.Choice("batch_size", [32, 64, 128])

        model = keras.Sequential([layers.Input(self.input_shape), layers.Flatten()])
        for units in widths[:depth]:
            model.add(layers.Dense(units, activation="relu"))
            model.add(layers.Dropout(dropout))
        model.add(layers.Dense(self.num_classes, activation="softmax"))
        model.compile(keras.optimizers.Adam(learning_rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model
