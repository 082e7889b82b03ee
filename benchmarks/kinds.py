"""Epochs of several kinds of model on one core: plain Keras's `fit`, and a trial's.

    python benchmarks/kinds.py

The two take turns. Seconds are those of the processor, so another program that runs meanwhile matters less; "first" is
what the first epoch takes beyond a later one, and "again" the same for a second trial of the same graph. The last line
is what this core multiplies float32 matrices at.
"""

import argparse
import itertools
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from keras_search.tuner import backend, runtime  # noqa: E402

_EPOCHS = 4
# The shape of an example (of whole numbers below the last number if that is negative), how many there are, the batch.
_DATA = {
    "MLP": ((20,), 12_500, 32),
    "embedding": ((100, -5_000), 2_500, 32),
    "Conv1D": ((100, -5_000), 2_500, 32),
    "LSTM": ((28, 28), 2_500, 32),
    "GRU": ((28, 28), 2_500, 32),
    "transformer": ((64, -1_000), 1_250, 32),
    "ResNet": ((32, 32, 3), 750, 64),
    "CNN": ((28, 28, 1), 3_333, 32),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kinds", default=",".join(_DATA), help="which kinds of model")
    parser.add_argument("--optimizers", default="Adam", help="such as Adam,SGD,RMSprop,AdamW")
    parser.add_argument("--rounds", type=int, default=3, help="how often the two take turns")
    arguments = parser.parse_args()
    os.environ.update(backend.environment() | {"CUDA_VISIBLE_DEVICES": "-1"})
    runtime.load_keras()
    from keras_search.tuner.fast import operations

    operations.prepare(print)
    print("| model | optimizer | Keras, s | a trial, s | times | Keras first, s | first, s | again, s |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for kind, optimizer in itertools.product(arguments.kinds.split(","), arguments.optimizers.split(",")):
        print(_row(kind, optimizer, arguments.rounds), flush=True)
    print(f"\nmatrix products: {rate() / 1e9:.0f} GFLOP/s")


def _row(kind: str, optimizer: str, rounds: int) -> str:
    from keras_search.tuner.fast import traces

    taken: dict[str, list[tuple[float, float]]] = {"plain": [], "first": [], "again": []}
    for _ in range(rounds):
        traces.forget()
        for name, each in taken.items():
            each.append(seconds(kind, optimizer, name != "plain"))
    first = {name: median(one for one, _ in each) for name, each in taken.items()}
    plain, ours = (median(later for _, later in each) for each in (taken["plain"], taken["first"] + taken["again"]))
    figures = [plain, ours, plain / ours, *first.values()]
    return f"| {kind} | {optimizer} | " + " | ".join(f"{figure:.2f}" for figure in figures) + " |"


def seconds(kind: str, optimizer: str, is_trial: bool) -> tuple[float, float]:
    """The processor's seconds of the first epoch beyond a later one, and of a later one."""
    import keras
    import numpy as np

    from keras_search.tuner.fast import patches
    from keras_search.tuner.trial import models

    models.begin_process(0)
    (*shape, last), count, batch_size = _DATA[kind]
    rng = np.random.default_rng(0)
    shape = (*shape, last) if last > 0 else tuple(shape)
    x = rng.random((count, *shape), dtype="float32") if last > 0 else rng.integers(0, -last, (count, *shape))
    model = keras.Sequential([keras.Input(shape), *_layers(kind, keras.layers, -last)])
    model.compile(getattr(keras.optimizers, optimizer)(), "sparse_categorical_crossentropy", metrics=["accuracy"])
    if is_trial:
        patches.accelerate(model, seed=0)
    moments = [time.process_time()]
    ends = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: moments.append(time.process_time()))
    y = rng.integers(0, 10, count)
    model.fit(x, y, batch_size=batch_size, epochs=_EPOCHS, callbacks=[ends], verbose=0)
    first, *later = (after - before for before, after in itertools.pairwise(moments))
    return first - median(later), median(later)


def _layers(kind: str, layers: Any, words: int) -> list[Any]:
    hidden: dict[str, Callable[[], list[Any]]] = {
        "MLP": lambda: [layers.Dense(128, "relu"), layers.Dense(64, "relu")],
        "embedding": lambda: [layers.Embedding(words, 32), layers.GlobalAveragePooling1D(), layers.Dense(32, "relu")],
        "Conv1D": lambda: [layers.Embedding(words, 32), layers.Conv1D(32, 5, activation="relu"),
                           layers.GlobalMaxPooling1D(), layers.Dense(32, "relu")],
        "LSTM": lambda: [layers.LSTM(64)],
        "GRU": lambda: [layers.GRU(64)],
        "transformer": lambda: [layers.Embedding(words, 32), _transformer(layers), layers.GlobalAveragePooling1D()],
        "ResNet": lambda: [*(_residual(layers, *size) for size in ((3, 16, 1), (16, 32, 2), (32, 64, 2))),
                           layers.GlobalAveragePooling2D()],
        "CNN": lambda: [layers.Conv2D(28, 3, activation="relu"), layers.MaxPooling2D(2), layers.Flatten(),
                        layers.Dense(128, "relu"), layers.Dropout(0.3)],
    }  # fmt: skip
    return [*hidden[kind](), layers.Dense(10, "softmax")]


def _transformer(layers: Any) -> Any:
    import keras

    inputs = keras.Input((64, 32))
    attended = layers.LayerNormalization()(inputs + layers.MultiHeadAttention(2, 16)(inputs, inputs))
    outputs = layers.Dense(32)(layers.Dense(64, "relu")(attended))
    return keras.Model(inputs, layers.LayerNormalization()(attended + outputs))


def _residual(layers: Any, channels: int, filters: int, strides: int) -> Any:
    """Two convolutions with batch normalisation, beside one of single pixels."""
    import keras

    inputs = keras.Input((None, None, channels))
    outputs = layers.Conv2D(filters, 3, strides, padding="same", use_bias=False)(inputs)
    outputs = layers.ReLU()(layers.BatchNormalization()(outputs))
    outputs = layers.BatchNormalization()(layers.Conv2D(filters, 3, padding="same", use_bias=False)(outputs))
    shortcut = layers.Conv2D(filters, 1, strides, use_bias=False)(inputs)
    return keras.Model(inputs, layers.ReLU()(layers.Add()([outputs, shortcut])))


def rate() -> float:
    """How many operations a second this core does in a product of large matrices."""
    import tensorflow as tf

    size, count = 1024, 20
    matrix = tf.random.normal((size, size))
    product = tf.function(lambda matrix: tf.matmul(matrix, matrix))
    product(matrix)
    began = time.process_time()
    for _ in range(count):
        product(matrix)
    return 2 * size**3 * count / (time.process_time() - began)


if __name__ == "__main__":
    main()
