"""The cross-validating tuner of Kaggle's notebooks: folds as an argument, and an oracle that is told by hand."""

import keras_tuner as kt
import numpy as np
import pandas as pd
import tensorflow as tf
from sklearn.model_selection import StratifiedKFold
from tensorflow.keras.layers import BatchNormalization, Dense, Dropout, GaussianNoise, Input
from tensorflow.keras.models import Model


class CVTuner(kt.engine.tuner.Tuner):
    def run_trial(self, trial, X, y, splits, epochs=1, callbacks=None):
        val_losses = []
        val_aucs = []
        batch_size = trial.hyperparameters.Choice("batch_size", [16, 32, 64])
        for train_indices, test_indices in splits:
            X_train, X_test = [x[train_indices] for x in X], [x[test_indices] for x in X]
            y_train, y_test = [a[train_indices] for a in y], [a[test_indices] for a in y]
            X_train, X_test, y_train, y_test = X_train[0], X_test[0], y_train[0], y_test[0]

            model = self.hypermodel.build(trial.hyperparameters)
            hist = model.fit(
                X_train,
                y_train,
                validation_data=(X_test, y_test),
                epochs=epochs,
                batch_size=batch_size,
                callbacks=callbacks,
                verbose=0,
            )
            val_losses.append([hist.history[k][-1] for k in hist.history if "val_loss" in k][0])
            val_aucs.append([hist.history[k][-1] for k in hist.history if "val_AUC" in k][0])

        print(f"trial {trial.trial_id}: val_AUC {np.mean(val_aucs):.4f} +/- {np.std(val_aucs):.4f}")
        self.oracle.update_trial(trial.trial_id, {"val_loss": np.mean(val_losses), "val_AUC": np.mean(val_aucs)})
        model.save(f"{self.get_trial_dir(trial.trial_id)}/last_fold.keras")


def create_model(hp, input_dim, output_dim):
    inputs = Input(shape=(input_dim,))
    x = BatchNormalization()(inputs)
    x = GaussianNoise(hp.Float("noise", 0.0, 0.1, step=0.05))(x)
    for i in range(hp.Int("num_layers", 1, 2)):
        x = Dense(hp.Int(f"num_units_{i}", 8, 32, step=8), activation="relu")(x)
        x = BatchNormalization()(x)
        x = Dropout(hp.Float(f"dropout_{i}", 0, 0.5))(x)
    x = Dense(output_dim, activation="sigmoid", name="action")(x)
    model = Model(inputs=inputs, outputs=x)
    model.compile(
        optimizer=tf.keras.optimizers.Adam(hp.Float("lr", 1e-4, 1e-2, sampling="log")),
        loss=tf.keras.losses.BinaryCrossentropy(label_smoothing=0.01),
        metrics=[tf.keras.metrics.AUC(name="AUC")],
    )
    return model


SEED = 1111
np.random.seed(SEED)
tf.random.set_seed(SEED)
train = pd.DataFrame(np.random.normal(size=(150, 6)), columns=[f"feature_{i}" for i in range(6)])
train["action"] = (train["feature_0"] + train["feature_3"] > 0).astype("int")
features = [c for c in train.columns if "feature" in c]
X = train[features].values.astype("float32")
y = train["action"].values

model_fn = lambda hp: create_model(hp, X.shape[-1], 1)
tuner = CVTuner(
    hypermodel=model_fn,
    oracle=kt.oracles.BayesianOptimizationOracle(
        objective=kt.Objective("val_AUC", direction="max"), num_initial_points=2, max_trials=3, seed=SEED
    ),
    directory="cv",
    project_name="jane",
)
splits = list(StratifiedKFold(n_splits=3, shuffle=True, random_state=SEED).split(X, y))
tuner.search((X,), (y,), splits=splits, epochs=2, callbacks=[tf.keras.callbacks.EarlyStopping("val_AUC", mode="max", patience=3)])

hp = tuner.get_best_hyperparameters(1)[0]
pd.to_pickle(hp.values, "best_hp.pkl")
best = tuner.oracle.get_best_trials(1)[0]
assert best.score == max(t.score for t in tuner.oracle.trials.values())
assert 0 <= best.metrics.get_best_value("val_AUC") <= 1
saved = tf.keras.models.load_model(f"cv/jane/trial_{best.trial_id}/last_fold.keras")
assert saved.predict(X, verbose=0).shape == (150, 1)
print("FINISHED", len(tuner.oracle.trials), "trials,", "batch_size" in hp.values, type(pd.read_pickle("best_hp.pkl")))
