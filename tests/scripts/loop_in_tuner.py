"""A Tuner with a training loop of its own that calls the tuner's hooks, and an oracle that is passed."""

import keras_tuner as kt
import numpy as np
import tensorflow as tf
from keras_tuner import Objective
from keras_tuner.oracles import BayesianOptimizationOracle


def build_model(hp):
    """Builds a small network."""
    inputs = tf.keras.Input((10,))
    x = inputs
    for i in range(hp.Int("num_layers", 1, 2)):
        x = tf.keras.layers.Dense(hp.Int("units_%d" % i, 8, 24, step=8), activation="selu")(x)
    return tf.keras.Model(inputs, tf.keras.layers.Dense(3)(x))


class MyTuner(kt.Tuner):
    def run_trial(self, trial, train_ds, validation_ds):
        hp = trial.hyperparameters
        # Hyperparameters can be added anywhere inside `run_trial`. When the first trial is run, they take on their
        # default values. Afterwards, they will be tuned by the `Oracle`.
        train_ds = train_ds.batch(hp.Int("batch_size", 16, 48, step=16, default=32))
        model = self.hypermodel.build(trial.hyperparameters)
        lr = hp.Float("learning_rate", 1e-4, 1e-2, sampling="log", default=1e-3)
        optimizer = tf.keras.optimizers.Adam(lr)
        epoch_loss_metric = tf.keras.metrics.Mean()

        @tf.function
        def run_train_step(features, labels):
            with tf.GradientTape() as tape:
                logits = model(features, training=True)
                loss = tf.reduce_mean(tf.keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
            epoch_loss_metric.update_state(loss)
            return loss

        for epoch in range(2):
            print("Epoch: {}".format(epoch))
            self.on_epoch_begin(trial, model, epoch, logs={})
            for batch, (features, labels) in enumerate(train_ds):
                self.on_batch_begin(trial, model, batch, logs={})
                batch_loss = float(run_train_step(features, labels))
                self.on_batch_end(trial, model, batch, logs={"loss": batch_loss})
                if batch % 4 == 0:
                    print("Batch: {}, Average Loss: {}".format(batch, float(epoch_loss_metric.result())))
            epoch_loss = float(epoch_loss_metric.result())
            self.on_epoch_end(trial, model, epoch, logs={"loss": epoch_loss})
            epoch_loss_metric.reset_state()

        correct = [np.argmax(model(f), axis=1) == np.array(y) for f, y in validation_ds.batch(50)]
        model.save_weights(self.get_trial_dir(trial.trial_id) + "/mine.weights.h5")
        return {"accuracy": float(np.mean(np.concatenate(correct))), "loss": epoch_loss}

    def load_model(self, trial):
        model = self.hypermodel.build(trial.hyperparameters)
        model.load_weights(self.get_trial_dir(trial.trial_id) + "/mine.weights.h5")
        return model


def main():
    rng = np.random.RandomState(5)
    x = rng.randn(200, 10).astype("float32")
    y = x[:, :3].argmax(1)
    train_ds = tf.data.Dataset.from_tensor_slices((x[:150], y[:150])).shuffle(150, seed=1)
    validation_ds = tf.data.Dataset.from_tensor_slices((x[150:], y[150:]))

    tuner = MyTuner(
        oracle=BayesianOptimizationOracle(objective=Objective("accuracy", "max"), max_trials=3, num_initial_points=2, seed=3),
        hypermodel=build_model,
        directory="results",
        project_name="mnist_custom_training",
    )
    tuner.search(train_ds=train_ds, validation_ds=validation_ds)

    best_hps = tuner.get_best_hyperparameters()[0]
    print(best_hps.values)
    best_model = tuner.get_best_models()[0]
    accuracy = np.mean(np.argmax(best_model(x[150:]), axis=1) == y[150:])
    best = tuner.oracle.get_best_trials()[0]
    assert abs(accuracy - best.score) < 1e-6, "load_model of this class was asked"
    assert best.metrics.exists("loss")
    print("FINISHED", len(tuner.oracle.trials), "batch_size" in best_hps.values, "learning_rate" in best_hps.values)


if __name__ == "__main__":
    main()
