"""Windows by Keras's old TimeseriesGenerator, an LSTM, scaled data, and a forecast beside a naive one."""

from keras_tuner.tuners import RandomSearch
import matplotlib
import numpy as np
import pandas as pd
from sklearn.metrics import mean_squared_error
from sklearn.preprocessing import MinMaxScaler
from tensorflow.keras.callbacks import EarlyStopping, ReduceLROnPlateau
from tensorflow.keras.layers import LSTM, Dense, Dropout
from tensorflow.keras.models import Sequential
from tensorflow.keras.preprocessing.sequence import TimeseriesGenerator

matplotlib.use("Agg")

dates = pd.date_range("2020-01-01", periods=240)
rs = np.random.RandomState(1)
df = pd.DataFrame({"sales": 50 + 20 * np.sin(np.arange(240) / 7) + rs.normal(0, 3, 240)}, index=dates)

train, test = df.iloc[:180], df.iloc[180:]
scaler = MinMaxScaler()
scaled_train = scaler.fit_transform(train)
scaled_test = scaler.transform(test)

n_input, n_features = 7, 1
generator = TimeseriesGenerator(scaled_train, scaled_train, length=n_input, batch_size=16)
validation = TimeseriesGenerator(scaled_test, scaled_test, length=n_input, batch_size=16)


def build_model(hp):
    model = Sequential()
    model.add(
        LSTM(
            hp.Int("input_unit", min_value=4, max_value=16, step=4),
            return_sequences=True,
            input_shape=(n_input, n_features),
        )
    )
    for i in range(hp.Int("n_layers", 0, 1)):
        model.add(LSTM(hp.Int(f"lstm_{i}_units", min_value=4, max_value=8, step=4), return_sequences=True))
    model.add(LSTM(hp.Int("layer_2_neurons", min_value=4, max_value=8, step=4)))
    model.add(Dropout(hp.Float("Dropout_rate", min_value=0, max_value=0.5, step=0.1)))
    model.add(Dense(1, activation=hp.Choice("dense_activation", values=["linear", "sigmoid"], default="linear")))
    model.compile(loss="mean_squared_error", optimizer="adam", metrics=["mse"])
    return model


tuner = RandomSearch(build_model, objective="val_mse", max_trials=2, executions_per_trial=1, seed=2)
tuner.search(
    x=generator,
    epochs=2,
    validation_data=validation,
    callbacks=[EarlyStopping(monitor="val_loss", patience=3), ReduceLROnPlateau(monitor="val_loss", patience=1)],
)

best_model = tuner.get_best_models(num_models=1)[0]
best_model.summary()

predictions = scaler.inverse_transform(best_model.predict(validation))
actual = test["sales"].values[n_input:]
rmse = mean_squared_error(actual, predictions) ** 0.5
naive = mean_squared_error(actual[1:], actual[:-1]) ** 0.5
print(f"RMSE: {rmse:.2f}, naive: {naive:.2f}")

test = test.iloc[n_input:].assign(prediction=predictions)
# test.plot(figsize=(12, 6)); plt.show()
assert list(test.columns) == ["sales", "prediction"] and len(test) == 53
print("FINISHED", tuner.remaining_trials, len(tuner.oracle.trials), tuner.project_dir)
