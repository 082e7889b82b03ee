"""Three tuners, one folder, a table that compares them, and the winner trained on everything."""

import time

import keras_tuner as kt
import numpy as np
import pandas as pd
from keras_tuner.tuners import BayesianOptimization, Hyperband, RandomSearch
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from tensorflow import keras
from tensorflow.keras import layers

SEED = 2021
N_EPOCH_SEARCH = 2
HYPERBAND_MAX_EPOCHS = 2
MAX_TRIALS = 2
EXECUTION_PER_TRIAL = 1

X, y = make_classification(n_samples=240, n_features=8, random_state=SEED)
x_train, x_test, y_train, y_test = train_test_split(X.astype("float32"), y, test_size=0.25, random_state=SEED)


class DNNHyperModel(kt.HyperModel):
    def __init__(self, input_shape):
        self.input_shape = input_shape

    def build(self, hp):
        model = keras.Sequential()
        model.add(
            layers.Dense(
                units=hp.Int("units", 8, 64, 4, default=8),
                activation=hp.Choice("dense_activation", values=["relu", "tanh", "sigmoid"], default="relu"),
                input_shape=self.input_shape,
            )
        )
        model.add(layers.Dropout(hp.Float("dropout", min_value=0.0, max_value=0.1, default=0.005, step=0.01)))
        model.add(layers.Dense(1, activation="sigmoid"))
        model.compile(optimizer=hp.Choice("optimizer", ["adam", "rmsprop", "sgd"]), loss="binary_crossentropy", metrics=["accuracy"])
        return model


hypermodel = DNNHyperModel(input_shape=(8,))


def define_tuners(hypermodel, directory, project_name):
    shared = {"objective": "val_accuracy", "seed": SEED, "directory": directory}
    random_tuner = RandomSearch(
        hypermodel,
        max_trials=MAX_TRIALS,
        executions_per_trial=EXECUTION_PER_TRIAL,
        project_name=f"{project_name}_random_search",
        **shared,
    )
    hyperband_tuner = Hyperband(
        hypermodel,
        max_epochs=HYPERBAND_MAX_EPOCHS,
        executions_per_trial=EXECUTION_PER_TRIAL,
        project_name=f"{project_name}_hyperband",
        **shared,
    )
    bayesian_tuner = BayesianOptimization(
        hypermodel,
        max_trials=MAX_TRIALS,
        executions_per_trial=EXECUTION_PER_TRIAL,
        project_name=f"{project_name}_bayesian",
        **shared,
    )
    return [random_tuner, hyperband_tuner, bayesian_tuner]


def tuner_evaluation(tuner, x_test, x_train, y_test, y_train):
    # Overview of the task
    tuner.search_space_summary()

    # Performs the hyperparameter tuning
    search_start = time.time()
    tuner.search(x_train, y_train, epochs=N_EPOCH_SEARCH, validation_split=0.1)
    elapsed_time = time.time() - search_start

    # Show a summary of the search
    tuner.results_summary(num_trials=1)

    # Retrieve the best model.
    best_model = tuner.get_best_models(num_models=1)[0]

    # Evaluate the best model.
    loss, accuracy = best_model.evaluate(x_test, y_test, verbose=0)
    return elapsed_time, loss, accuracy


results = []
for tuner in define_tuners(hypermodel, directory="output", project_name="simple_tuning"):
    elapsed_time, loss, accuracy = tuner_evaluation(tuner, x_test, x_train, y_test, y_train)
    print(f"Elapsed time = {elapsed_time:10.4f} s, accuracy = {accuracy}, loss = {loss}")
    results.append([type(tuner).__name__, elapsed_time, accuracy, len(tuner.oracle.trials), tuner])

table = pd.DataFrame(results, columns=["tuner", "seconds", "accuracy", "trials", "object"]).set_index("tuner")
print(table.drop(columns="object").round(3))
winner = table.sort_values("accuracy", ascending=False)["object"].iloc[0]
model = winner.hypermodel.build(winner.get_best_hyperparameters()[0])
model.fit(np.concatenate([x_train, x_test]), np.concatenate([y_train, y_test]), epochs=1, verbose=0)
assert (table["trials"] >= MAX_TRIALS).all()
print("FINISHED", list(table.index))
