"""A VAE: a sampling layer, a train_step and a test_step, data without labels; callbacks that write to fixed paths."""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import keras
import keras_tuner
import numpy as np
import pandas as pd
import tensorflow as tf
from keras import layers, ops


class Sampling(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator(1337)

    def call(self, inputs):
        z_mean, z_log_var = inputs
        epsilon = keras.random.normal(shape=ops.shape(z_mean), seed=self.seed_generator)
        return z_mean + ops.exp(0.5 * z_log_var) * epsilon


class VAE(keras.Model):
    def __init__(self, encoder, decoder, beta=1.0, **kwargs):
        super().__init__(**kwargs)
        self.encoder = encoder
        self.decoder = decoder
        self.beta = beta
        self.total_loss_tracker = keras.metrics.Mean(name="total_loss")
        self.kl_loss_tracker = keras.metrics.Mean(name="kl_loss")

    @property
    def metrics(self):
        return [self.total_loss_tracker, self.kl_loss_tracker]

    def call(self, inputs):
        return self.decoder(self.encoder(inputs)[2])

    def losses_of(self, data):
        z_mean, z_log_var, z = self.encoder(data)
        reconstruction = self.decoder(z)
        reconstruction_loss = ops.mean(ops.sum(ops.square(data - reconstruction), axis=1))
        kl = -0.5 * (1 + z_log_var - ops.square(z_mean) - ops.exp(z_log_var))
        kl_loss = ops.mean(ops.sum(kl, axis=1))
        return reconstruction_loss + self.beta * kl_loss, kl_loss

    def train_step(self, data):
        with tf.GradientTape() as tape:
            total_loss, kl_loss = self.losses_of(data)
        grads = tape.gradient(total_loss, self.trainable_weights)
        self.optimizer.apply_gradients(zip(grads, self.trainable_weights))
        self.total_loss_tracker.update_state(total_loss)
        self.kl_loss_tracker.update_state(kl_loss)
        return {m.name: m.result() for m in self.metrics}

    def test_step(self, data):
        total_loss, kl_loss = self.losses_of(data[0] if isinstance(data, tuple) else data)
        self.total_loss_tracker.update_state(total_loss)
        self.kl_loss_tracker.update_state(kl_loss)
        return {m.name: m.result() for m in self.metrics}


def build_vae(hp):
    latent_dim = hp.Int("latent_dim", 2, 6)
    units = hp.Int("units", 8, 24, step=8)
    inputs = keras.Input((10,))
    h = layers.Dense(units, activation="relu")(inputs)
    z_mean = layers.Dense(latent_dim, name="z_mean")(h)
    z_log_var = layers.Dense(latent_dim, name="z_log_var")(h)
    encoder = keras.Model(inputs, [z_mean, z_log_var, Sampling()([z_mean, z_log_var])], name="encoder")
    latent = keras.Input((latent_dim,))
    decoder = keras.Model(latent, layers.Dense(10)(layers.Dense(units, activation="relu")(latent)), name="decoder")
    vae = VAE(encoder, decoder, beta=hp.Float("beta", 0.1, 2.0))
    vae.compile(optimizer=keras.optimizers.Adam(1e-2))
    vae(np.zeros((1, 10), "float32"))  # builds the weights
    return vae


rng = np.random.default_rng(11)
x = (rng.normal(size=(160, 2)) @ rng.normal(size=(2, 10))).astype("float32")
x_train, x_val = x[:128], x[128:]

tuner = keras_tuner.RandomSearch(
    hypermodel=build_vae,
    objective=keras_tuner.Objective("val_total_loss", direction="min"),
    max_trials=3,
    seed=1,
    directory="vae_tuning",
    project_name="vae",
)
tuner.search(
    x_train,
    epochs=2,
    batch_size=32,
    validation_data=(x_val, None),
    callbacks=[
        keras.callbacks.CSVLogger("training_log.csv", append=True),
        keras.callbacks.TensorBoard(log_dir="logs"),
        keras.callbacks.LearningRateScheduler(lambda epoch, lr: lr * 0.9),
        keras.callbacks.ModelCheckpoint(
            "vae.weights.h5", monitor="val_total_loss", mode="min", save_best_only=True, save_weights_only=True
        ),
    ],
)

best_hp = tuner.get_best_hyperparameters()[0]
log = pd.read_csv("training_log.csv")
print(log.tail())
runs = sorted(os.listdir("logs"))
print("TensorBoard runs:", runs)
assert os.path.exists("vae.weights.h5") and {"epoch", "val_total_loss", "kl_loss"} <= set(log.columns)
assert len(runs) == 3 and all(os.path.isdir(f"logs/{run}/execution0") for run in runs)

final = build_vae(best_hp)
final.fit(x, epochs=1, verbose=0)
samples = final.decoder.predict(np.zeros((4, best_hp["latent_dim"]), "float32"), verbose=0)
assert samples.shape == (4, 10)
assert len(log) >= 6
print("FINISHED", len(runs), "runs", sorted(best_hp.values))
