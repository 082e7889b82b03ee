"""The search in a process of its own, to have the memory back; then the results by a tuner with a dummy model."""

import multiprocessing
import os

import numpy as np

DIRECTORY, PROJECT = "searches", "houses"


def data():
    rng = np.random.RandomState(0)
    x = rng.uniform(size=(150, 5)).astype("float32")
    return x, (x @ np.array([3.0, -2.0, 1.0, 0.5, 0.0]) + 1).astype("float32")


def build_model(hp):
    from tensorflow import keras

    model = keras.Sequential([keras.Input((5,))])
    for i in range(hp.Int("layers", 1, 3)):
        model.add(keras.layers.Dense(hp.Int(f"units_{i}", 4, 32, step=4), activation="relu"))
    model.add(keras.layers.Dense(1))
    model.compile(
        keras.optimizers.Adam(hp.Float("lr", 1e-3, 1e-1, sampling="log")),
        loss="mse",
        metrics=[keras.metrics.RootMeanSquaredError(name="rmse")],
    )
    return model


def run_search(queue):
    import keras_tuner as kt

    tuner = kt.RandomSearch(
        build_model,
        objective=kt.Objective("val_rmse", "min"),
        max_trials=3,
        seed=17,
        directory=os.path.normpath(DIRECTORY),
        project_name=PROJECT,
    )
    x, y = data()
    tuner.search(x, y, validation_split=0.2, epochs=2, batch_size=16)
    queue.put((os.getpid(), tuner.get_best_hyperparameters()[0].values))


def reload():
    import keras_tuner as kt

    class Dummy(kt.HyperModel):
        def build(self, hp):
            raise RuntimeError("only the results are wanted")

    by_dummy = kt.RandomSearch(
        Dummy(), objective=kt.Objective("val_rmse", "min"), max_trials=3, seed=17, directory=DIRECTORY, project_name=PROJECT
    )
    by_dummy.reload()
    by_dummy.results_summary()

    again = kt.RandomSearch(
        build_model, objective=kt.Objective("val_rmse", "min"), max_trials=3, seed=17, directory=DIRECTORY, project_name=PROJECT
    )
    return by_dummy, again


if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=run_search, args=(queue,))
    process.start()
    pid, values = queue.get()
    process.join()
    assert process.exitcode == 0 and pid != os.getpid()

    by_dummy, again = reload()
    assert by_dummy.get_best_hyperparameters()[0].values == values
    assert again.remaining_trials == 0
    again.search(*data(), validation_split=0.2, epochs=2, batch_size=16)  # nothing is left to be done
    model = again.get_best_models()[0]
    x, y = data()
    loss, rmse = model.evaluate(x[120:], y[120:], verbose=0)
    score = again.oracle.get_best_trials()[0].score
    print(f"reloaded: {rmse:.4f}, in the search: {score:.4f}")
    assert abs(rmse - score) < 1e-3
    print("FINISHED", len(again.oracle.trials), sorted(set(values) & {"layers", "lr", "units_0"}))
