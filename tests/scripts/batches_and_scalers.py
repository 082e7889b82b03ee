"""A Titanic-like table; scaling, batch size, class weights and epochs tuned in fit; two executions of each trial."""

import keras_tuner as kt
import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from tensorflow import keras

rng = np.random.RandomState(42)
df = pd.DataFrame(
    {
        "Pclass": rng.randint(1, 4, 220),
        "Sex": rng.choice(["male", "female"], 220),
        "Age": np.where(rng.rand(220) < 0.1, np.nan, rng.uniform(1, 80, 220)),
        "Fare": rng.exponential(30, 220),
    }
)
df["Survived"] = ((df["Sex"] == "female") ^ (rng.rand(220) < 0.2)).astype(int)
df["Age"] = df["Age"].fillna(df["Age"].median())
df = pd.get_dummies(df, columns=["Sex"], dtype=float)
X_train, X_test, y_train, y_test = train_test_split(df.drop(columns="Survived"), df["Survived"], test_size=0.25, random_state=0)


class TitanicHyperModel(kt.HyperModel):
    def build(self, hp):
        model = keras.Sequential()
        model.add(keras.Input((X_train.shape[1],)))
        model.add(keras.layers.Dense(hp.Int("units", 8, 32, step=8), activation="relu"))
        model.add(keras.layers.Dense(1, activation="sigmoid"))
        model.compile("adam", "binary_crossentropy", metrics=["accuracy", keras.metrics.AUC(name="auc")])
        return model

    def fit(self, hp, model, x, y, validation_data=None, **kwargs):
        scaler = hp.Choice("scaler", ["none", "standard", "minmax"])
        if scaler != "none":
            scaler = StandardScaler() if scaler == "standard" else MinMaxScaler()
            x = scaler.fit_transform(x)
            if validation_data:
                validation_data = (scaler.transform(validation_data[0]), validation_data[1])
        weight = hp.Float("positive_weight", 0.5, 2.0, step=0.5, default=1.0)
        return model.fit(
            x,
            y,
            validation_data=validation_data,
            batch_size=hp.Choice("batch_size", [16, 32, 64]),
            epochs=hp.Int("epochs", 1, 3),
            class_weight={0: 1.0, 1: weight},
            shuffle=hp.Boolean("shuffle"),
            **kwargs,
        )


tuner = kt.RandomSearch(
    TitanicHyperModel(),
    objective=[kt.Objective("val_loss", "min"), kt.Objective("val_auc", "max")],
    max_trials=3,
    executions_per_trial=2,
    seed=42,
    overwrite=True,
    directory="titanic",
    project_name="batches",
)
tuner.search(X_train.to_numpy(), y_train.to_numpy(), validation_data=(X_test.to_numpy(), y_test.to_numpy()), verbose=1)

best_hps = tuner.get_best_hyperparameters(1)[0]
for name, value in best_hps.values.items():
    print(name, "=", value)
hypermodel = TitanicHyperModel()
final = hypermodel.build(best_hps)
hypermodel.fit(best_hps, final, X_train.to_numpy(), y_train.to_numpy(), verbose=0)
predicted = final.predict(X_test.to_numpy(), verbose=0)[:, 0]
print("AUC", roc_auc_score(y_test, predicted))
best = tuner.oracle.get_best_trials()[0]
assert abs(best.metrics.get_best_value("val_loss") - best.metrics.get_best_value("val_auc") - best.score) < 0.5
print("FINISHED", len(tuner.oracle.trials), sorted(best_hps.values))
