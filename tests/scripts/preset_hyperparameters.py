"""Hyperparameters given beforehand, the rest at their defaults; the tuner compiles; models that are too large."""

import keras_tuner
import numpy as np
from keras_tuner.engine.hyperparameters import HyperParameters
from tensorflow import keras

x_train = np.random.RandomState(0).rand(100, 8, 8)
y_train = np.random.RandomState(1).randint(0, 10, 100)
x_val = np.random.RandomState(2).rand(40, 8, 8)
y_val = np.random.RandomState(3).randint(0, 10, 40)


def build_model(hp):
    model = keras.Sequential()
    model.add(keras.layers.Flatten(input_shape=(8, 8)))
    for i in range(hp.Int("num_layers", 1, 2)):
        model.add(keras.layers.Dense(units=hp.Int("units_" + str(i), 16, 256, 16), activation="relu"))
    model.add(keras.layers.Dense(10, activation="softmax"))
    model.compile(
        optimizer=keras.optimizers.Adam(hp.Choice("learning_rate", [1e-2, 1e-3, 1e-4])),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


print("--- restrict the search space: only the learning rate is tuned")
hp = HyperParameters()
hp.Choice("learning_rate", [1e-1, 3e-2, 1e-3])
restricted = keras_tuner.RandomSearch(
    build_model, max_trials=3, seed=1, hyperparameters=hp, tune_new_entries=False, objective="val_accuracy", project_name="restricted"
)
restricted.search(x_train, y_train, epochs=1, validation_data=(x_val, y_val))
seen = [trial.hyperparameters.values for trial in restricted.oracle.trials.values()]
assert {values["learning_rate"] for values in seen} <= {1e-1, 3e-2, 1e-3}, seen
assert {values["num_layers"] for values in seen} == {1}

print("--- fix a few: everything but the learning rate is tuned, and the tuner has its own loss and metrics")
hp = HyperParameters()
hp.Fixed("learning_rate", value=1e-3)
hp.Int("num_layers", 1, 1)
fixed = keras_tuner.RandomSearch(
    build_model,
    max_trials=3,
    seed=2,
    hyperparameters=hp,
    tune_new_entries=True,
    loss=keras.losses.SparseCategoricalCrossentropy(name="sparse_categorical_crossentropy"),
    optimizer=keras.optimizers.SGD(0.05),
    metrics=["sparse_categorical_crossentropy"],
    objective="val_loss",
    project_name="fixed",
    overwrite=True,
)
fixed.search(x_train, y_train, epochs=1, validation_data=(x_val, y_val))
model = fixed.get_best_models()[0]
print(model.optimizer.name, model.loss)
assert type(model.optimizer).__name__ == "SGD"
assert all(trial.hyperparameters["learning_rate"] == 1e-3 for trial in fixed.oracle.trials.values())
assert fixed.oracle.get_best_trials()[0].metrics.exists("val_sparse_categorical_crossentropy")

print("--- models of more than 4,000 parameters are not trained")
small = keras_tuner.RandomSearch(
    build_model,
    max_trials=4,
    seed=3,
    max_model_size=4000,
    max_consecutive_failed_trials=10,
    objective="val_accuracy",
    project_name="small",
)
small.search(x_train, y_train, epochs=1, validation_data=(x_val, y_val), verbose=0)
statuses = [trial.status for trial in small.oracle.trials.values()]
print(statuses)
assert "FAILED" in statuses and "COMPLETED" in statuses
assert small.get_best_models()[0].count_params() <= 4000
print("FINISHED", len(seen), len(fixed.oracle.trials), sorted(restricted.get_best_hyperparameters()[0].values))
