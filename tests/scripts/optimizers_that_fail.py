"""Optimizers by name with hyperparameters of their own; points that cannot be built, retried and left out."""

import keras
import keras_tuner as kt
import numpy as np
from keras_tuner import errors

x = np.random.default_rng(1).normal(size=(90, 16)).astype("float32")
y = keras.utils.to_categorical(np.arange(90) % 3, 3)
attempts = []


def get_optimizer(hp):
    name = hp.Choice("optimizer", ["adam", "sgd", "rmsprop"], default="sgd")
    with hp.conditional_scope("optimizer", ["sgd"]):
        if name == "sgd":
            optimizer = keras.optimizers.SGD(
                learning_rate=hp.Float("sgd_lr", 1e-3, 1e-1, sampling="log"),
                momentum=hp.Float("sgd_momentum", 0.0, 0.9, step=0.3),
                nesterov=hp.Boolean("nesterov"),
            )
    with hp.conditional_scope("optimizer", ["adam"]):
        if name == "adam":
            optimizer = keras.optimizers.Adam(learning_rate=hp.Float("adam_lr", 1e-4, 1e-2, sampling="log"))
    with hp.conditional_scope("optimizer", ["rmsprop"]):
        if name == "rmsprop":
            optimizer = keras.optimizers.RMSprop(hp.Float("rmsprop_lr", 1e-4, 1e-2, sampling="log"), rho=0.9)
    return optimizer


def build(hp):
    attempts.append(1)
    model = keras.Sequential([keras.Input((16,)), keras.layers.Reshape((4, 4, 1))])
    for i in range(hp.Int("convolutions", 1, 2)):
        # Two convolutions of 3 do not fit on 4 pixels after each other: Keras raises ValueError.
        model.add(keras.layers.Conv2D(4, hp.Choice(f"kernel_{i}", [2, 3]), activation="relu"))
    model.add(keras.layers.Flatten())
    units = hp.Int("units", 8, 64, step=8)
    if units > 48:
        raise errors.FailedTrialError(f"{units} units are too many")
    model.add(keras.layers.Dense(units, activation="relu"))
    model.add(keras.layers.Dense(3, activation="softmax"))
    model.compile(get_optimizer(hp), "categorical_crossentropy", metrics=["accuracy"])
    return model


tuner = kt.RandomSearch(
    build,
    objective="val_accuracy",
    max_trials=6,
    seed=14,
    max_retries_per_trial=1,
    max_consecutive_failed_trials=6,
    overwrite=True,
    directory="optimizers",
)
tuner.search(x, y, epochs=1, validation_split=0.3, verbose=0)
tuner.results_summary()

statuses = sorted(trial.status for trial in tuner.oracle.trials.values())
print(statuses)
for trial in tuner.oracle.trials.values():
    if trial.status != "COMPLETED":
        print(trial.trial_id, trial.status, trial.message.strip().splitlines()[-1])
best = tuner.get_best_hyperparameters()[0]
assert best["units"] <= 48 and tuner.get_best_models()[0].optimizer is not None
assert len(statuses) == 6 and "COMPLETED" in statuses and set(statuses) <= {"COMPLETED", "FAILED", "INVALID"}
names = {p.name for p in tuner.oracle.get_space().space}
assert {"sgd_lr", "adam_lr", "rmsprop_lr"} <= names
print("FINISHED", len(statuses), sorted(names))
