"""The documented MNIST CNN, searched over its sizes, dropout and epochs.

The baseline point is the model of a public README that reports "approximately 11.35%" on MNIST's test images:
28 filters of 3x3, 2x2 max pooling, 128 dense units, 20% dropout, Adam, one epoch in batches of 32; 607,394
parameters on MNIST.
"""

from typing import TYPE_CHECKING

from keras_search.search_spaces.space import Declaration, SearchSpace

if TYPE_CHECKING:
    import keras
    import keras_tuner


def declare(hp: "keras_tuner.HyperParameters | Declaration") -> None:
    hp.Int("filters", 4, 64, step=4, default=28)
    hp.Int("dense_units", 32, 512, step=32, default=128)
    hp.Float("dropout", 0.0, 0.6, step=0.1, default=0.2)
    hp.Int("epochs", 1, 10, default=1)


def build(hp: "keras_tuner.HyperParameters", input_shape: tuple[int, ...], num_classes: int) -> "keras.Model":
    import keras
    from keras import layers

    model = keras.Sequential(
        [
            layers.Input(input_shape),
            layers.Conv2D(hp["filters"], (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Flatten(),
            layers.Dense(hp["dense_units"], activation="relu"),
            layers.Dropout(hp["dropout"]),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


SPACE = SearchSpace(
    name="baseline_cnn",
    summary="the documented MNIST CNN: its filters, dense width, dropout and epochs",
    declare=declare,
    build=build,
)
