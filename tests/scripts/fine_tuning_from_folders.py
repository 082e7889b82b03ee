"""A pretrained base in a global, images from folders through an ImageDataGenerator, and a fit in two stages."""

import os

import keras_tuner
import numpy as np
from PIL import Image
from tensorflow import keras
from tensorflow.keras.applications.mobilenet import MobileNet
from tensorflow.keras.preprocessing.image import ImageDataGenerator

IMG_SIZE = 32
BATCH_SIZE = 8

np.random.seed(42)
for split, count in [("train", 12), ("validation", 6)]:
    for label in ["cats", "dogs"]:
        os.makedirs(f"data/{split}/{label}", exist_ok=True)
        for i in range(count):
            pixels = np.random.randint(0, 255, (40, 40, 3)).astype("uint8")
            Image.fromarray(pixels).save(f"data/{split}/{label}/{i}.png")

train_datagen = ImageDataGenerator(rescale=1.0 / 255, rotation_range=20, horizontal_flip=True)
val_datagen = ImageDataGenerator(rescale=1.0 / 255)
train_generator = train_datagen.flow_from_directory(
    "data/train", target_size=(IMG_SIZE, IMG_SIZE), batch_size=BATCH_SIZE, class_mode="binary", seed=1
)
validation_generator = val_datagen.flow_from_directory(
    "data/validation", target_size=(IMG_SIZE, IMG_SIZE), batch_size=BATCH_SIZE, class_mode="binary", shuffle=False
)

# weights="imagenet" downloads
base_model = MobileNet(alpha=0.25, weights=None, include_top=False, input_shape=(IMG_SIZE, IMG_SIZE, 3))


class TransferModel(keras_tuner.HyperModel):
    def __init__(self, num_classes=1):
        super().__init__(name="transfer")
        self.num_classes = num_classes

    def build(self, hp):
        base_model.trainable = False
        x = keras.layers.GlobalAveragePooling2D()(base_model.output)
        x = keras.layers.Dense(hp.Int("dense_units", 16, 64, step=16), activation="relu")(x)
        x = keras.layers.Dropout(hp.Float("dropout", 0.1, 0.5, step=0.1))(x)
        out = keras.layers.Dense(self.num_classes, activation="sigmoid")(x)
        model = keras.Model(inputs=base_model.input, outputs=out)
        model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
        return model

    def fit(self, hp, model, *args, epochs=1, **kwargs):
        print("Stage 1: training the head")
        model.fit(*args, epochs=epochs, **kwargs)

        print("Stage 2: fine-tuning")
        for layer in model.layers[-hp.Int("unfreeze", 4, 10, step=2):]:
            if not isinstance(layer, keras.layers.BatchNormalization):
                layer.trainable = True
        model.compile(
            optimizer=keras.optimizers.RMSprop(hp.Choice("fine_tune_lr", [1e-4, 1e-5])),
            loss="binary_crossentropy",
            metrics=["accuracy"],
        )
        return model.fit(*args, initial_epoch=epochs, epochs=2 * epochs, **kwargs)


tuner = keras_tuner.RandomSearch(
    TransferModel(), objective="val_accuracy", max_trials=2, seed=3, directory="tuning", project_name="cats_vs_dogs"
)
tuner.search(train_generator, epochs=1, validation_data=validation_generator, verbose=2)

model = tuner.get_best_models(num_models=1)[0]
predictions = model.predict(validation_generator)
print("predicted dogs:", int((predictions > 0.5).sum()), "of", len(validation_generator.filenames))

assert predictions.shape == (12, 1)
names = sorted(tuner.get_best_hyperparameters()[0].values)
print("FINISHED", [trial.status for trial in tuner.oracle.trials.values()], names)
