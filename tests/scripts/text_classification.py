"""Text: one vectorizer adapted outside, in a global, one adapted in `build`; conditional scopes for the encoder."""

import re
import string

import keras_tuner as kt
import tensorflow as tf
from tensorflow.keras import layers

good, bad = ["great", "fine", "lovely", "superb"], ["awful", "boring", "weak", "poor"]
reviews, labels = [], []
for i in range(60):
    words = good if i % 2 else bad
    reviews.append(f"<br />This film was {words[i % 4]}, the acting {words[i // 4 % 4]} and the end {words[i // 16 % 4]}!")
    labels.append(i % 2)

raw = tf.data.Dataset.from_tensor_slices((reviews, labels))
raw_train, raw_val = raw.take(44).batch(8), raw.skip(44).batch(8)


def custom_standardization(input_data):
    stripped = tf.strings.regex_replace(tf.strings.lower(input_data), "<br />", " ")
    return tf.strings.regex_replace(stripped, "[%s]" % re.escape(string.punctuation), "")


vectorize_layer = layers.TextVectorization(
    standardize=custom_standardization, max_tokens=100, output_mode="int", output_sequence_length=12
)
vectorize_layer.adapt(raw_train.map(lambda text, label: text))
train_ds = raw_train.map(lambda text, label: (vectorize_layer(text), label)).cache()
val_ds = raw_val.map(lambda text, label: (vectorize_layer(text), label)).cache()


def encoder(hp, x):
    kind = hp.Choice("encoder", ["pool", "conv", "gru"])
    with hp.conditional_scope("encoder", ["conv"]):
        if kind == "conv":
            x = layers.Conv1D(hp.Int("filters", 4, 16, step=4), hp.Choice("kernel", [2, 3]), activation="relu")(x)
    with hp.conditional_scope("encoder", ["gru"]):
        if kind == "gru":
            return layers.Bidirectional(layers.GRU(hp.Int("gru_units", 4, 8, step=2)))(x)
    return layers.GlobalMaxPooling1D()(x)


def on_integers(hp):
    inputs = tf.keras.Input((12,), dtype="int64")
    x = layers.Embedding(100, hp.Int("embedding_dim", 4, 16, step=4))(inputs)
    outputs = layers.Dense(1, activation="sigmoid")(encoder(hp, x))
    model = tf.keras.Model(inputs, outputs)
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def on_strings(hp):
    max_tokens = hp.Int("max_tokens", 20, 60, step=20)
    vectorizer = layers.TextVectorization(max_tokens=max_tokens, output_mode=hp.Choice("mode", ["multi_hot", "tf_idf"]))
    vectorizer.adapt(reviews[:44])
    inputs = tf.keras.Input((), dtype="string")
    x = layers.Dense(hp.Int("units", 4, 16, step=4), activation="relu")(vectorizer(inputs))
    model = tf.keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x))
    model.compile(tf.keras.optimizers.Adam(hp.Choice("lr", [0.01, 0.1])), "binary_crossentropy", metrics=["accuracy"])
    return model


first = kt.RandomSearch(on_integers, objective="val_accuracy", max_trials=3, seed=4, project_name="integers")
first.search(train_ds, validation_data=val_ds, epochs=1)
print({hp.name: hp.conditions for hp in first.oracle.get_space().space})

second = kt.RandomSearch(on_strings, objective="val_accuracy", max_trials=2, seed=4, project_name="strings")
second.search(raw_train, validation_data=raw_val, epochs=2)

# export: raw text in, probability out
model = first.get_best_models()[0]
export_model = tf.keras.Sequential([tf.keras.Input((1,), dtype="string"), vectorize_layer, model])
scores = export_model.predict(tf.constant([["a great and lovely film"], ["a weak and boring film"]]), verbose=0)
print(scores.ravel())
best = second.get_best_models()[0]
assert scores.shape == (2, 1) and best.predict(tf.constant(reviews[:3]), verbose=0).shape == (3, 1)
print("FINISHED", len(first.oracle.trials), len(second.oracle.trials), sorted(hp.name for hp in first.oracle.get_space().space))
