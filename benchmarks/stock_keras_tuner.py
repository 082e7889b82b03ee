"""The peer: the plain Keras Tuner script that a user writes for the documented CNN today.

    python benchmarks/stock_keras_tuner.py MNIST.npz TRIALS SEED FOLDER RETRAININGS

Trains on the first 50,000 images, validates on the last 10,000 of the training set, then retrains the best
configuration on all 60,000 as often as asked and prints one JSON line.
"""

import json
import sys
import time
from typing import Any

began = time.monotonic()

import keras  # noqa: E402
import keras_tuner as kt  # noqa: E402
import numpy as np  # noqa: E402
from keras import layers  # noqa: E402

path, folder = sys.argv[1], sys.argv[4]
trials, seed, retrainings = int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[5])

with np.load(path, allow_pickle=False) as data:
    x, y = (data["x_train"][..., None] / 255).astype("float32"), data["y_train"]
    x_test, y_test = (data["x_test"][..., None] / 255).astype("float32"), data["y_test"]


class DocumentedCNN(kt.HyperModel):
    def build(self, hp: kt.HyperParameters) -> keras.Model:
        filters = hp.Int("filters", 4, 64, step=4, default=28)
        dense_units = hp.Int("dense_units", 32, 512, step=32, default=128)
        dropout = hp.Float("dropout", 0.0, 0.6, step=0.1, default=0.2)
        hp.Int("epochs", 1, 10, default=1)  # asked for in fit() alone, the first trial would not see it
        model = keras.Sequential(
            [
                layers.Input((28, 28, 1)),
                layers.Conv2D(filters, 3, activation="relu"),
                layers.MaxPooling2D(2),
                layers.Flatten(),
                layers.Dense(dense_units, activation="relu"),
                layers.Dropout(dropout),
                layers.Dense(10, activation="softmax"),
            ]
        )
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    def fit(self, hp: kt.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> keras.callbacks.History:
        return model.fit(*args, epochs=hp.get("epochs"), **kwargs)


tuner = kt.RandomSearch(
    DocumentedCNN(),
    objective="val_accuracy",
    max_trials=trials,
    seed=seed,
    directory=folder,
    project_name="stock",
    overwrite=True,
)
tuner.search(x[:50_000], y[:50_000], validation_data=(x[50_000:], y[50_000:]), verbose=0)
searched = time.monotonic()

best = tuner.get_best_hyperparameters()[0]
accuracies = []
for _ in range(retrainings):
    model = tuner.hypermodel.build(best)
    model.fit(x, y, epochs=best["epochs"], verbose=0)
    accuracies.append(model.evaluate(x_test, y_test, verbose=0)[1])

points = [trial.hyperparameters.values for trial in tuner.oracle.trials.values()]
print(
    json.dumps(
        {
            "seconds": searched - began,
            "epochs": sum(point["epochs"] for point in points),
            "val_accuracy": max(trial.score for trial in tuner.oracle.trials.values()),
            "test_accuracies": accuracies,
            "points": points,
        }
    )
)
