"""Measures the table on which `compare_oracles.py` compares: every point of a grid, trained once on real MNIST.

    python benchmarks/tabulate.py ../shared/data/mnist.npz

216 networks of the documented CNN's shape, 9 epochs each on 6,000 training images, validated on 10,000 others. Writes
`table.csv` beside this script: a line a network, its hyperparameters, the seconds of an epoch, and the validation
accuracy after each. Interrupted, it goes on where it stopped.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from keras_search.results import files, layout  # noqa: E402
from keras_search.results.reading import trial_rows  # noqa: E402
from keras_search.tuner import runtime  # noqa: E402
from keras_search.tuner.data import datasets  # noqa: E402

TABLE = HERE / "table.csv"
HYPERPARAMETERS = ["learning_rate", "filters", "dense_units", "dropout"]
EPOCHS = 9

_RUN = Path("runs") / "table"
_NETWORKS = 216
_IMAGES = 6_000


def declare(hp: Any) -> None:
    """The space of the table, in Keras Tuner's terms."""
    hp.Choice("learning_rate", [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03], default=0.001)
    hp.Choice("filters", [4, 8, 16, 32], default=16)
    hp.Choice("dense_units", [16, 64, 256], default=64)
    hp.Choice("dropout", [0.0, 0.25, 0.5], default=0.25)
    hp.Fixed("epochs", EPOCHS)


def build(hp: Any) -> Any:
    import keras
    from keras import layers

    declare(hp)
    model = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(hp["filters"], 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(hp["dense_units"], activation="relu"),
            layers.Dropout(hp["dropout"]),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(hp["learning_rate"]), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="an .npz file of MNIST")
    arguments = parser.parse_args()
    data = datasets.split(datasets.load(arguments.data), seed=0)
    runtime.load_keras()
    from keras_search.tuner import Tuner

    tuner = Tuner(
        build, oracle="grid", max_trials=_NETWORKS, keep_weights=0, directory=_RUN.parent, project_name=_RUN.name
    )
    validation = (data.x_validation, data.y_validation)
    tuner.search(data.x_train[:_IMAGES], data.y_train[:_IMAGES], epochs=EPOCHS, validation_data=validation)
    files.write_csv(TABLE, [*HYPERPARAMETERS, "seconds", *map(str, range(1, EPOCHS + 1))], map(_line, _trials()))
    print(f"Written: {TABLE}")


def _trials() -> list[Path]:
    return trial_rows.trial_directories(_RUN)


def _line(directory: Path) -> dict[str, Any]:
    row, curve = trial_rows.read_trial(directory), trial_rows.read_epochs(directory)
    line = {name: row[layout.HYPERPARAMETER_PREFIX + name] for name in HYPERPARAMETERS}
    line["seconds"] = round(sum(epoch["seconds"] for epoch in curve) / EPOCHS, 2)
    return line | {str(epoch["epoch"]): round(epoch["val_accuracy"], 4) for epoch in curve}


if __name__ == "__main__":
    main()
