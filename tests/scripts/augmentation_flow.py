"""ImageDataGenerator.flow: augmented training batches, plain validation; steps; one-hot labels."""

import warnings

warnings.filterwarnings("ignore")

import numpy as np
import tensorflow as tf
from keras_tuner import HyperModel, Hyperband, HyperParameters
from tensorflow.keras.preprocessing.image import ImageDataGenerator
from tensorflow.keras.utils import to_categorical

np.random.seed(0)
tf.random.set_seed(0)
X = np.random.rand(96, 12, 12, 1).astype("float32")
Y = to_categorical(np.random.randint(0, 3, 96), num_classes=3)
X_train, X_val, Y_train, Y_val = X[:72], X[72:], Y[:72], Y[72:]

datagen = ImageDataGenerator(
    rotation_range=10,
    zoom_range=0.1,
    width_shift_range=0.1,
    height_shift_range=0.1,
    featurewise_center=True,
    featurewise_std_normalization=True,
    preprocessing_function=lambda image: np.clip(image, 0.0, 1.0),
)
datagen.fit(X_train)


class CNNHyperModel(HyperModel):
    def __init__(self, input_shape, num_classes):
        self.input_shape = input_shape
        self.num_classes = num_classes

    def build(self, hp):
        model = tf.keras.models.Sequential()
        model.add(
            tf.keras.layers.Conv2D(
                filters=hp.Choice("num_filters", values=[4, 8], default=8),
                kernel_size=3,
                activation="relu",
                input_shape=self.input_shape,
            )
        )
        model.add(tf.keras.layers.MaxPooling2D(pool_size=2))
        model.add(tf.keras.layers.Flatten())
        model.add(
            tf.keras.layers.Dense(
                units=hp.Int("units", min_value=16, max_value=48, step=16),
                activation=hp.Choice("dense_activation", values=["relu", "tanh", "sigmoid"], default="relu"),
            )
        )
        model.add(tf.keras.layers.Dense(self.num_classes, activation="softmax"))
        model.compile(
            optimizer=tf.keras.optimizers.Adam(
                hp.Float("learning_rate", min_value=1e-4, max_value=1e-2, sampling="LOG", default=1e-3)
            ),
            loss="categorical_crossentropy",
            metrics=["accuracy"],
        )
        return model


tuner = Hyperband(
    CNNHyperModel(input_shape=(12, 12, 1), num_classes=3),
    max_epochs=2,
    factor=2,
    objective="val_accuracy",
    seed=42,
    directory="hyperband",
    project_name="digits",
)
tuner.search_space_summary()
batch_size = 24
tuner.search(
    datagen.flow(X_train, Y_train, batch_size=batch_size),
    steps_per_epoch=len(X_train) // batch_size,
    validation_data=datagen.flow(X_val, Y_val, batch_size=batch_size, shuffle=False),
    validation_steps=1,
    epochs=2,
)
tuner.results_summary(num_trials=2)

best_hp = tuner.get_best_hyperparameters()[0]
assert isinstance(best_hp, HyperParameters)
best = tuner.hypermodel.build(best_hp)
history = best.fit(datagen.flow(X_train, Y_train, batch_size=batch_size), epochs=1, verbose=2)
loss, accuracy = best.evaluate(datagen.flow(X_val, Y_val), verbose=0)
print("Accuracy: %.2f%%" % (accuracy * 100))
assert 0 <= accuracy <= 1
assert best_hp.get("tuner/epochs") <= 2
print("FINISHED", sorted(name for name in best_hp.values if "/" not in name))
