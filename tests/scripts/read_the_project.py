"""What people read afterwards: summaries, trials, metrics by epoch, files in the project, weights loaded by hand."""

import glob
import json
import os

import keras
import keras_tuner as kt
import numpy as np
import pandas as pd

x, y = np.random.RandomState(0).rand(120, 4).astype("float32"), np.random.RandomState(1).rand(120).astype("float32")


def build_model(hp):
    """Returns a compiled model."""
    model = keras.Sequential()
    model.add(keras.layers.Input((4,)))
    model.add(keras.layers.Dense(hp.Int("units", 4, 32, step=4), activation=hp.Choice("act", ["relu", "tanh"])))
    model.add(keras.layers.Dense(1))
    model.compile(optimizer=keras.optimizers.Adam(hp.Float("lr", 1e-3, 1e-1, sampling="log")), loss="mse", metrics=["mae"])
    return model


LOG_DIR = "tuning"
tuner = kt.GridSearch(build_model, objective="val_loss", max_trials=3, seed=0, directory=LOG_DIR, project_name="grid")
tuner.search_space_summary()
tuner.search(x, y, epochs=2, validation_split=0.25, batch_size=30)
tuner.results_summary()

print("\n=== trials ===")
rows = []
for trial in tuner.oracle.get_best_trials(num_trials=3):
    trial.summary()
    state = trial.get_state()
    metrics = {name: m["observations"][0]["value"][0] for name, m in state["metrics"]["metrics"].items()}
    rows.append({"trial_id": trial.trial_id, "score": trial.score, "best_step": trial.best_step, **trial.hyperparameters.values, **metrics})
df = pd.DataFrame(rows)
print(df.to_string())
assert df["score"].is_monotonic_increasing and np.allclose(df["score"], df["val_loss"])
assert {"loss", "mae", "val_loss", "val_mae"} <= set(df.columns) and df["best_step"].between(0, 1).all()

print("\n=== files ===")
scores = {}
for path in sorted(glob.glob(os.path.join(LOG_DIR, "grid", "trial_*", "trial.json"))):
    with open(path) as f:
        saved = json.load(f)
    scores[saved["trial_id"]] = saved["score"]
    print(path, saved["status"], saved["hyperparameters"]["values"])
assert scores == dict(zip(df["trial_id"], df["score"]))
oracle = json.load(open(os.path.join(LOG_DIR, "grid", "oracle.json")))
print(sorted(oracle))
assert len(oracle["end_order"]) == 3

best_trial = tuner.oracle.get_best_trials()[0]
model = build_model(best_trial.hyperparameters)
model.load_weights(f"{LOG_DIR}/grid/trial_{best_trial.trial_id}/checkpoint.weights.h5")
by_hand = model.evaluate(x[90:], y[90:], verbose=0)[0]
same = tuner.get_best_models()[0].evaluate(x[90:], y[90:], verbose=0)[0]
print("by hand", by_hand, "by the tuner", same, "score", best_trial.score)
assert abs(by_hand - best_trial.score) < 1e-4 and abs(same - by_hand) < 1e-4

with open("best.json", "w") as f:
    json.dump(tuner.get_best_hyperparameters()[0].get_config(), f)
hp = kt.HyperParameters.from_config(json.load(open("best.json")))
assert hp.get("units") == best_trial.hyperparameters.get("units") and "lr" in hp
print("FINISHED", len(df), sorted(df.columns))
