"""A GAN: two optimizers, losses and trackers in a train_step; the quality is measured by the hypermodel's fit."""

import keras_tuner as kt
import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

LATENT_DIM = 8


class GAN(keras.Model):
    def __init__(self, discriminator, generator, latent_dim):
        super().__init__()
        self.discriminator = discriminator
        self.generator = generator
        self.latent_dim = latent_dim
        self.d_loss_tracker = keras.metrics.Mean(name="d_loss")
        self.g_loss_tracker = keras.metrics.Mean(name="g_loss")

    def compile(self, d_optimizer, g_optimizer, loss_fn):
        super().compile()
        self.d_optimizer = d_optimizer
        self.g_optimizer = g_optimizer
        self.loss_fn = loss_fn

    @property
    def metrics(self):
        return [self.d_loss_tracker, self.g_loss_tracker]

    def train_step(self, real_images):
        batch_size = tf.shape(real_images)[0]
        noise = tf.random.normal(shape=(batch_size, self.latent_dim))
        generated = self.generator(noise)
        combined = tf.concat([generated, real_images], axis=0)
        labels = tf.concat([tf.ones((batch_size, 1)), tf.zeros((batch_size, 1))], axis=0)
        labels += 0.05 * tf.random.uniform(tf.shape(labels))

        with tf.GradientTape() as tape:
            d_loss = self.loss_fn(labels, self.discriminator(combined))
        grads = tape.gradient(d_loss, self.discriminator.trainable_weights)
        self.d_optimizer.apply_gradients(zip(grads, self.discriminator.trainable_weights))

        noise = tf.random.normal(shape=(batch_size, self.latent_dim))
        with tf.GradientTape() as tape:
            predictions = self.discriminator(self.generator(noise))
            g_loss = self.loss_fn(tf.zeros((batch_size, 1)), predictions)
        grads = tape.gradient(g_loss, self.generator.trainable_weights)
        self.g_optimizer.apply_gradients(zip(grads, self.generator.trainable_weights))

        self.d_loss_tracker.update_state(d_loss)
        self.g_loss_tracker.update_state(g_loss)
        return {"d_loss": self.d_loss_tracker.result(), "g_loss": self.g_loss_tracker.result()}


class GANMonitor(keras.callbacks.Callback):
    def __init__(self, num_img=3, latent_dim=LATENT_DIM):
        self.num_img = num_img
        self.latent_dim = latent_dim

    def on_epoch_end(self, epoch, logs=None):
        noise = tf.random.normal(shape=(self.num_img, self.latent_dim))
        images = self.model.generator(noise).numpy()
        np.save("generated_%03d.npy" % epoch, images)


class HyperGAN(kt.HyperModel):
    def build(self, hp):
        discriminator = keras.Sequential(
            [
                keras.Input((8, 8, 1)),
                layers.Conv2D(hp.Int("d_filters", 4, 12, step=4), 3, strides=2, padding="same"),
                layers.LeakyReLU(),
                layers.Flatten(),
                layers.Dropout(hp.Float("d_dropout", 0.0, 0.4, step=0.1)),
                layers.Dense(1),
            ],
            name="discriminator",
        )
        generator = keras.Sequential(
            [
                keras.Input((LATENT_DIM,)),
                layers.Dense(4 * 4 * 4),
                layers.Reshape((4, 4, 4)),
                layers.Conv2DTranspose(hp.Int("g_filters", 4, 12, step=4), 4, strides=2, padding="same"),
                layers.LeakyReLU(),
                layers.Conv2D(1, 3, padding="same", activation="sigmoid"),
            ],
            name="generator",
        )
        gan = GAN(discriminator, generator, LATENT_DIM)
        gan.compile(
            d_optimizer=keras.optimizers.Adam(hp.Choice("d_lr", [1e-3, 3e-4])),
            g_optimizer=keras.optimizers.Adam(hp.Choice("g_lr", [1e-3, 3e-4])),
            loss_fn=keras.losses.BinaryCrossentropy(from_logits=True),
        )
        return gan

    def fit(self, hp, model, images, epochs, **kwargs):
        # Without the tuner's callbacks: a model without `call` has no weights that could be saved.
        batch_size = hp.Choice("batch_size", [16, 32])
        history = model.fit(images, batch_size=batch_size, epochs=epochs, callbacks=[GANMonitor()])
        made = model.generator.predict(np.random.RandomState(0).normal(size=(64, LATENT_DIM)), verbose=0)
        return {
            "distance": float(abs(made.mean() - images.mean()) + abs(made.std() - images.std())),
            "g_loss": history.history["g_loss"][-1],
        }


images = np.random.RandomState(1).beta(2, 5, size=(96, 8, 8, 1)).astype("float32")
tuner = kt.RandomSearch(
    HyperGAN(), objective=kt.Objective("distance", "min"), max_trials=2, seed=8, directory="gan", overwrite=True
)
tuner.search(images, epochs=2)

best = tuner.oracle.get_best_trials()[0]
print("best distance", best.score, "generator loss", best.metrics.get_best_value("g_loss"))
assert best.score == min(trial.score for trial in tuner.oracle.trials.values())
assert np.load("generated_001.npy").shape == (3, 8, 8, 1), "the monitor wrote its pictures where the script runs"
print("FINISHED", [trial.status for trial in tuner.oracle.trials.values()], "batch_size" in best.hyperparameters.values)
