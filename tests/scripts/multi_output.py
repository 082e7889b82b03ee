"""Several outputs, losses and weights; data as dicts; an Objective of one of the outputs."""

import keras
from keras import layers
import keras_tuner as kt
import numpy as np

rng = np.random.RandomState(7)
n = 160
faces = rng.rand(n, 16, 16, 1).astype("float32")
meta = rng.rand(n, 3).astype("float32")
targets = {
    "age": (faces.mean(axis=(1, 2)) * 100).astype("float32"),
    "gender": rng.randint(0, 2, (n, 1)).astype("float32"),
    "race": rng.randint(0, 4, n),
}


def build_model(hp: kt.HyperParameters) -> keras.Model:
    image = keras.Input((16, 16, 1), name="image")
    extra = keras.Input((3,), name="meta")
    x = image
    for i in range(hp.Int("conv_blocks", 1, 2, default=1)):
        x = layers.Conv2D(hp.Int(f"filters_{i}", 4, 12, step=4), 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D()(x)
    x = layers.concatenate([layers.GlobalAveragePooling2D()(x), extra])
    shared = layers.Dense(hp.Int("shared_units", 8, 32, step=8), activation=hp.Choice("activation", ["relu", "tanh"]))(x)
    outputs = {
        "age": layers.Dense(1, name="age")(shared),
        "gender": layers.Dense(1, activation="sigmoid", name="gender")(shared),
        "race": layers.Dense(4, activation="softmax", name="race")(shared),
    }
    model = keras.Model(inputs={"image": image, "meta": extra}, outputs=outputs)
    model.compile(
        optimizer=keras.optimizers.Adam(hp.Float("lr", 1e-3, 1e-1, sampling="log")),
        loss={"age": "mse", "gender": "binary_crossentropy", "race": "sparse_categorical_crossentropy"},
        loss_weights={"age": 0.01, "gender": 1.0, "race": float(hp.Float("race_weight", 0.5, 2.0))},
        metrics={"age": ["mae"], "gender": ["accuracy"], "race": ["accuracy"]},
    )
    return model


tuner = kt.BayesianOptimization(
    build_model,
    objective=kt.Objective("val_age_mae", direction="min"),
    max_trials=3,
    num_initial_points=2,
    seed=12,
    directory="multi",
    project_name="faces",
    overwrite=True,
)
inputs = {"image": faces, "meta": meta}
train = ({k: v[:120] for k, v in inputs.items()}, {k: v[:120] for k, v in targets.items()})
valid = ({k: v[120:] for k, v in inputs.items()}, {k: v[120:] for k, v in targets.items()})
tuner.search(*train, validation_data=valid, epochs=2, batch_size=32)

best_model = tuner.get_best_models()[0]
scores = best_model.evaluate(*valid, verbose=0, return_dict=True)
for name, value in sorted(scores.items()):
    print(f"{name:>16}: {value:.3f}")
best_trial = tuner.oracle.get_best_trials()[0]
assert best_trial.score == min(trial.score for trial in tuner.oracle.trials.values())
assert abs(scores["age_mae"] - best_trial.score) < 0.01 * best_trial.score, "the best model has the best weights"
print("FINISHED", len(tuner.oracle.trials), sorted(scores), sorted(best_model.predict(valid[0], verbose=0)))
