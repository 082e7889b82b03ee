"""Folders of images as a tf.data pipeline, an ensemble of the best models, and models saved and loaded again."""

import pathlib

import keras
import keras_tuner as kt
import numpy as np
import tensorflow as tf
from keras import layers

image_size = (24, 24)
root = pathlib.Path("flowers")
rng = np.random.default_rng(3)
for k, name in enumerate(["daisy", "rose", "tulip"]):
    (root / name).mkdir(parents=True, exist_ok=True)
    for i in range(16):
        image = rng.integers(0, 120, (24, 24, 3)) + np.eye(3, dtype=int)[k] * 100
        keras.utils.save_img(root / name / f"{i}.png", image, scale=False)

common = dict(validation_split=0.25, seed=123, image_size=image_size, batch_size=12)
train_ds = keras.utils.image_dataset_from_directory(root, subset="training", **common)
val_ds = keras.utils.image_dataset_from_directory(root, subset="validation", **common)
class_names = train_ds.class_names
print(class_names)

AUTOTUNE = tf.data.AUTOTUNE
train_ds = train_ds.cache().shuffle(100, seed=1).prefetch(buffer_size=AUTOTUNE)
val_ds = val_ds.cache().prefetch(buffer_size=AUTOTUNE)

data_augmentation = keras.Sequential([layers.RandomFlip("horizontal"), layers.RandomRotation(0.1)])


def make_model(hp):
    inputs = keras.Input(shape=image_size + (3,))
    x = layers.Rescaling(1.0 / 255)(inputs)
    if hp.Boolean("augment"):
        x = data_augmentation(x)
    for i in range(hp.Int("blocks", 1, 2)):
        x = layers.SeparableConv2D(hp.Choice(f"filters_{i}", [4, 8, 16]), 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D()(x)
    pooling = hp.Choice("pooling", ["avg", "max"])
    x = {"avg": layers.GlobalAveragePooling2D(), "max": layers.GlobalMaxPooling2D()}[pooling](x)
    outputs = layers.Dense(len(class_names), activation="softmax")(x)
    model = keras.Model(inputs, outputs)
    model.compile(
        keras.optimizers.Adam(hp.Float("lr", 1e-3, 1e-1, sampling="log")),
        loss="sparse_categorical_crossentropy",
        metrics=["acc"],
    )
    return model


tuner = kt.RandomSearch(make_model, objective="val_acc", max_trials=4, seed=9, directory=".", project_name="flowers_tuning")
tuner.search(train_ds, epochs=1, validation_data=val_ds)

models = tuner.get_best_models(num_models=3)
labels = np.concatenate([y for _, y in val_ds])
probabilities = [model.predict(val_ds, verbose=0) for model in models]
for rank, p in enumerate(probabilities):
    print(f"model {rank}: {(p.argmax(1) == labels).mean():.3f}")
ensemble = np.mean(probabilities, axis=0)
print("ensemble:", (ensemble.argmax(1) == labels).mean())

for rank, model in enumerate(models):
    model.save(f"model_{rank}.keras")
loaded = keras.models.load_model("model_0.keras")
assert np.allclose(loaded.predict(val_ds, verbose=0), probabilities[0], atol=1e-5)
best = tuner.oracle.get_best_trials()[0]
assert abs((probabilities[0].argmax(1) == labels).mean() - best.score) < 1e-6, "the best model is as good as its score"
print("FINISHED", len(models), ensemble.shape, sorted(path.name for path in pathlib.Path().glob("model_*.keras")))
