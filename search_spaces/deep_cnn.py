"""Deeper CNNs than the documented one, and how they are trained.

One to four convolution blocks, optimizer, learning rate and its schedule, regularisation, augmentation. The baseline
point is the documented CNN of `baseline_cnn`, trained as documented. With label smoothing, `loss` and `val_loss` are
those of the smoothed labels; accuracies are not affected.
"""

import math
from functools import partial
from typing import TYPE_CHECKING

from keras_search.search_spaces.space import Declaration, SearchSpace

if TYPE_CHECKING:
    import keras
    import keras_tuner

MOST_BLOCKS = 4


def declare(hp: "keras_tuner.HyperParameters | Declaration") -> None:
    # Choices rather than floats with steps, of which Keras Tuner often loses the last: 0.6 // 0.1 is 5.
    hp.Int("blocks", 1, MOST_BLOCKS, default=1)
    hp.Int("filters_1", 8, 40, step=4, default=28)
    hp.Choice("kernel_size_1", [3, 5], default=3)
    for block in range(2, MOST_BLOCKS + 1):
        with hp.conditional_scope("blocks", list(range(block, MOST_BLOCKS + 1))):
            hp.Int(f"filters_{block}", 16, 96, step=16, default=64)
            hp.Choice(f"kernel_size_{block}", [3, 5], default=3)
    hp.Boolean("batch_norm", default=False)
    hp.Choice("pooling", ["max", "average"], default="max")
    hp.Choice("block_dropout", [0.0, 0.1, 0.2, 0.3], default=0.0)
    hp.Int("dense_units", 32, 256, step=32, default=128)
    hp.Choice("activation", ["relu", "gelu", "silu"], default="relu")
    hp.Choice("dropout", [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6], default=0.2)
    hp.Choice("optimizer", ["adam", "adamw", "sgd"], default="adam")
    with hp.conditional_scope("optimizer", ["adam", "adamw"]):
        hp.Float("learning_rate", 3e-4, 6e-3, sampling="log", default=1e-3)
    with hp.conditional_scope("optimizer", ["sgd"]):
        hp.Float("sgd_learning_rate", 1e-2, 2e-1, sampling="log", default=5e-2)
        hp.Choice("momentum", [0.8, 0.85, 0.9, 0.95], default=0.9)
    with hp.conditional_scope("optimizer", ["adamw", "sgd"]):
        hp.Float("weight_decay", 1e-5, 3e-2, sampling="log", default=1e-3)
    hp.Choice("schedule", ["constant", "cosine"], default="constant")
    hp.Choice("batch_size", [32, 64, 128], default=32)
    hp.Choice("label_smoothing", [0.0, 0.05, 0.1], default=0.0)
    hp.Boolean("augment", default=False)
    with hp.conditional_scope("augment", [True]):
        hp.Choice("shift", [0.04, 0.08, 0.12], default=0.08)
        hp.Choice("rotation", [0.0, 0.02, 0.04], default=0.02)
        hp.Choice("zoom", [0.0, 0.05, 0.1], default=0.0)
    hp.Int("epochs", 1, 20, default=1)


def build(hp: "keras_tuner.HyperParameters", input_shape: tuple[int, ...], num_classes: int) -> "keras.Model":
    import keras
    from keras import layers

    stack = [layers.Input(input_shape)]
    if hp["augment"]:
        stack += _augmentation(hp)
    for block in range(1, hp["blocks"] + 1):
        stack += _block(hp, block)
    stack += [
        layers.Flatten(),
        layers.Dense(hp["dense_units"], activation=hp["activation"]),
        layers.Dropout(hp["dropout"]),
        layers.Dense(num_classes, activation="softmax"),
    ]
    model = keras.Sequential(stack)
    model.compile(optimizer=_optimizer(hp), loss=_loss(hp), metrics=["accuracy"])
    return model


def callbacks(hp: "keras_tuner.HyperParameters") -> "list[keras.callbacks.Callback]":
    """The callback of the learning-rate schedule; none if the rate is constant."""
    if hp["schedule"] == "constant":
        return []
    import keras

    return [keras.callbacks.LearningRateScheduler(partial(cosine, highest=_learning_rate(hp), epochs=hp["epochs"]))]


def cosine(epoch: int, highest: float, epochs: int) -> float:
    """The learning rate of an epoch, counted from 0; it falls from `highest` to almost 0."""
    return highest * (1 + math.cos(math.pi * epoch / epochs)) / 2


def _augmentation(hp: "keras_tuner.HyperParameters") -> "list[keras.Layer]":
    from keras import layers

    stack: list[keras.Layer] = [layers.RandomTranslation(hp["shift"], hp["shift"], fill_mode="constant")]
    if hp["rotation"]:
        stack.append(layers.RandomRotation(hp["rotation"], fill_mode="constant"))
    if hp["zoom"]:
        stack.append(layers.RandomZoom(hp["zoom"], fill_mode="constant"))
    return stack


def _block(hp: "keras_tuner.HyperParameters", block: int) -> "list[keras.Layer]":
    """Convolution, batch normalisation, activation, pooling that halves the image, dropout."""
    from keras import layers

    # The documented CNN has no padding; later blocks need it, or small images would vanish.
    padding = "valid" if block == 1 else "same"
    convolution = {
        "filters": hp[f"filters_{block}"],
        "kernel_size": hp[f"kernel_size_{block}"],
        "padding": padding,
    }
    stack: list[keras.Layer]
    if hp["batch_norm"]:
        stack = [
            layers.Conv2D(**convolution, use_bias=False),
            layers.BatchNormalization(),
            layers.Activation(hp["activation"]),
        ]
    else:
        stack = [layers.Conv2D(**convolution, activation=hp["activation"])]
    if hp["pooling"] == "max":
        stack.append(layers.MaxPooling2D(2, padding=padding))
    else:
        stack.append(layers.AveragePooling2D(2, padding=padding))
    if hp["block_dropout"]:
        stack.append(layers.Dropout(hp["block_dropout"]))
    return stack


def _learning_rate(hp: "keras_tuner.HyperParameters") -> float:
    return hp["sgd_learning_rate"] if hp["optimizer"] == "sgd" else hp["learning_rate"]


def _optimizer(hp: "keras_tuner.HyperParameters") -> "keras.optimizers.Optimizer":
    from keras import optimizers

    rate = _learning_rate(hp)
    match hp["optimizer"]:
        case "adam":
            return optimizers.Adam(rate)
        case "adamw":
            return optimizers.AdamW(rate, weight_decay=hp["weight_decay"])
        case _:
            return optimizers.SGD(rate, hp["momentum"], nesterov=True, weight_decay=hp["weight_decay"])


def _loss(hp: "keras_tuner.HyperParameters") -> "str | keras.losses.Loss":
    if not hp["label_smoothing"]:
        return "sparse_categorical_crossentropy"
    from keras_search.search_spaces.losses import SmoothedCrossentropy

    return SmoothedCrossentropy(hp["label_smoothing"])


SPACE = SearchSpace(
    name="deep_cnn",
    summary="deeper CNNs around the documented one: blocks, optimizer, schedule, regularisation, augmentation",
    declare=declare,
    build=build,
    callbacks=callbacks,
)
