"""A competition's metric: scikit-learn's kappa in a py_function, and a mean of the last epochs, as objectives."""

import keras_tuner as kt
import numpy as np
import tensorflow as tf
from sklearn.metrics import cohen_kappa_score
from tensorflow.keras import layers, models, optimizers

N_CLASSES = 5


def qwk(y_true, y_pred):
    def _kappa(t, p):
        labels = np.argmax(p, axis=1)
        kappa = cohen_kappa_score(t.astype("int").ravel(), labels, weights="quadratic", labels=list(range(N_CLASSES)))
        return np.float32(0 if np.isnan(kappa) else kappa)

    value = tf.numpy_function(_kappa, [y_true, y_pred], tf.float32)
    value.set_shape(())
    return value


class F1(tf.keras.metrics.Metric):
    """Of the class 1 against all others."""

    def __init__(self, name="f1", **kwargs):
        super().__init__(name=name, **kwargs)
        self.tp = self.add_weight(name="tp", initializer="zeros")
        self.predicted = self.add_weight(name="predicted", initializer="zeros")
        self.actual = self.add_weight(name="actual", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        t = tf.cast(tf.reshape(y_true, [-1]) == 1, tf.float32)
        p = tf.cast(tf.argmax(y_pred, axis=1) == 1, tf.float32)
        self.tp.assign_add(tf.reduce_sum(t * p))
        self.predicted.assign_add(tf.reduce_sum(p))
        self.actual.assign_add(tf.reduce_sum(t))

    def result(self):
        return 2 * self.tp / (self.predicted + self.actual + 1e-7)

    def reset_state(self):
        for v in (self.tp, self.predicted, self.actual):
            v.assign(0.0)


def build(hp):
    model = models.Sequential()
    model.add(layers.Input(shape=(12,)))
    for i in range(hp.Int("layers", 1, 3)):
        model.add(layers.Dense(hp.Int("units_" + str(i), 16, 64, 16), activation="relu"))
        if hp.Boolean("dropout"):
            model.add(layers.Dropout(0.25))
    model.add(layers.Dense(N_CLASSES, activation="softmax"))
    model.compile(
        optimizer=optimizers.Adam(hp.Choice("lr", [1e-2, 1e-3])),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy", qwk, F1()],
        jit_compile=False,
    )
    return model


x = np.random.RandomState(0).randn(250, 12).astype("float32")
y = np.digitize(x[:, 0] + x[:, 1], [-1.5, -0.5, 0.5, 1.5])
X_train, X_val, y_train, y_val = x[:200], x[200:], y[:200], y[200:]

results = {}
for metric in ["val_qwk", "val_f1"]:
    tuner = kt.RandomSearch(
        build,
        objective=kt.Objective(metric, direction="max"),
        max_trials=2,
        seed=5,
        directory="kappa",
        project_name=metric,
    )
    tuner.search(X_train, y_train, epochs=2, batch_size=25, validation_data=(X_val, y_val), verbose=0)
    best = tuner.oracle.get_best_trials(1)[0]
    print(metric, best.score, best.metrics.get_config()["metrics"].keys())
    assert best.score == max(t.score for t in tuner.oracle.trials.values())
    assert best.metrics.exists("val_qwk") and best.metrics.exists("val_f1") and best.metrics.exists("accuracy")
    results[metric] = tuner.get_best_models()[0].predict(X_val, verbose=0).shape
print("FINISHED", results)
