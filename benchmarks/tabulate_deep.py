"""Measures the larger table on which `compare_oracles.py` compares: 1,000 random networks of `deep_cnn`, on digits.

    python benchmarks/tabulate_deep.py

Networks of one to three blocks, with all the conditional hyperparameters of `deep_cnn`, 27 epochs each on 800 of
scikit-learn's digits, validated on the other 997. Writes `deep_table.csv` beside this script: a line a network, its
hyperparameters (empty where their conditions do not hold), the seconds of an epoch, and the validation accuracy after
each. Interrupted, it goes on where it stopped.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from keras_search.results import files, layout  # noqa: E402
from keras_search.results.reading import trial_rows  # noqa: E402
from keras_search.search_spaces import deep_cnn  # noqa: E402
from keras_search.tuner import runtime  # noqa: E402

TABLE = HERE / "deep_table.csv"
EPOCHS = 27

_RUN = Path("runs") / "deep-table"
_NETWORKS = 1_000
_IMAGES = 800


def declare(hp: Any) -> None:
    """The space of the table: that of `deep_cnn`, with fewer blocks and a fixed number of epochs."""
    hp.Int("blocks", 1, 3, default=1)
    hp.Fixed("epochs", EPOCHS)
    deep_cnn.declare(hp)


def build(hp: Any) -> Any:
    declare(hp)
    return deep_cnn.build(hp, (8, 8, 1), 10)


def main() -> None:
    runtime.load_keras()
    import keras_tuner
    from sklearn.datasets import load_digits

    from keras_search.tuner import Tuner

    class Deep(keras_tuner.HyperModel):
        def build(self, hp: Any) -> Any:
            return build(hp)

        def fit(self, hp: Any, model: Any, *args: Any, callbacks: Any, **kwargs: Any) -> Any:
            return model.fit(
                *args, callbacks=[*callbacks, *deep_cnn.callbacks(hp)], batch_size=hp["batch_size"], **kwargs
            )

    digits = load_digits()
    images = digits.images[..., None].astype("float32") / 16
    tuner = Tuner(
        Deep(), oracle="random", max_trials=_NETWORKS, keep_weights=0, directory=_RUN.parent, project_name=_RUN.name
    )
    tuner.search(
        images[:_IMAGES],
        digits.target[:_IMAGES],
        epochs=EPOCHS,
        validation_data=(images[_IMAGES:], digits.target[_IMAGES:]),
    )
    names = [hp.name for hp in tuner.oracle.get_space().space if hp.name != "epochs"]
    rows = [_line(directory, names) for directory in trial_rows.trial_directories(_RUN)]
    whole = [row for row in rows if row is not None]
    files.write_csv(TABLE, [*names, "seconds", *map(str, range(1, EPOCHS + 1))], whole)
    print(f"Written: {TABLE}, {len(whole)} networks")


def _line(directory: Path, names: Sequence[str]) -> dict[str, Any] | None:
    """The line of a network; None if it failed, as its loss was no number."""
    row, curve = trial_rows.read_trial(directory), trial_rows.read_epochs(directory)
    if len(curve) < EPOCHS:
        return None
    line = {name: _short(row.get(layout.HYPERPARAMETER_PREFIX + name)) for name in names}
    line["seconds"] = round(sum(epoch["seconds"] for epoch in curve) / EPOCHS, 3)
    return line | {str(epoch["epoch"]): round(epoch["val_accuracy"], 4) for epoch in curve}


def _short(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value


if __name__ == "__main__":
    main()
