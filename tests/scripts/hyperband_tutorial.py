"""The structure of TensorFlow's tutorial: Hyperband, the best epoch, and the model trained once more."""

import tensorflow as tf
from tensorflow import keras
import keras_tuner as kt
import numpy as np

rng = np.random.default_rng(0)
(img_train, label_train), (img_test, label_test) = [
    (rng.integers(0, 256, (n, 14, 14)).astype("uint8"), rng.integers(0, 10, n)) for n in (200, 50)
]
# Normalize pixel values between 0 and 1
img_train = img_train.astype("float32") / 255.0
img_test = img_test.astype("float32") / 255.0


def model_builder(hp):
    model = keras.Sequential()
    model.add(keras.layers.Flatten(input_shape=(14, 14)))

    # Tune the number of units in the first Dense layer
    hp_units = hp.Int("units", min_value=32, max_value=128, step=32)
    model.add(keras.layers.Dense(units=hp_units, activation="relu"))
    model.add(keras.layers.Dense(10))

    hp_learning_rate = hp.Choice("learning_rate", values=[1e-2, 1e-3, 1e-4])
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=hp_learning_rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


class ClearTrainingOutput(tf.keras.callbacks.Callback):
    def on_train_end(self, *args, **kwargs):
        print("\x1b[2J", end="")


tuner = kt.Hyperband(
    model_builder,
    objective="val_accuracy",
    max_epochs=3,
    factor=3,
    directory="my_dir",
    project_name="intro_to_kt",
)
stop_early = tf.keras.callbacks.EarlyStopping(monitor="val_loss", patience=5)
tuner.search(
    img_train, label_train, epochs=50, validation_split=0.2, callbacks=[stop_early, ClearTrainingOutput()]
)

# Get the optimal hyperparameters
best_hps = tuner.get_best_hyperparameters(num_trials=1)[0]

print(f"""
The hyperparameter search is complete. The optimal number of units in the first densely-connected
layer is {best_hps.get('units')} and the optimal learning rate for the optimizer
is {best_hps.get('learning_rate')}.
""")

# Build the model with the optimal hyperparameters and find the best epoch
model = tuner.hypermodel.build(best_hps)
history = model.fit(img_train, label_train, epochs=3, validation_split=0.2)

val_acc_per_epoch = history.history["val_accuracy"]
best_epoch = val_acc_per_epoch.index(max(val_acc_per_epoch)) + 1
print("Best epoch: %d" % (best_epoch,))

hypermodel = tuner.hypermodel.build(best_hps)
hypermodel.fit(img_train, label_train, epochs=best_epoch, validation_split=0.2)

eval_result = hypermodel.evaluate(img_test, label_test)
print("[test loss, test accuracy]:", eval_result)

brackets = {trial.hyperparameters.get("tuner/bracket") for trial in tuner.oracle.trials.values()}
assert len(eval_result) == 2 and best_hps.get("tuner/epochs") <= 3
print("FINISHED in brackets", sorted(brackets))
