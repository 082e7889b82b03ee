"""A search that goes on in a run directory that was tampered with stays within it."""

import json
from pathlib import Path

import keras
import keras_tuner
import numpy as np
import pytest

from keras_search import results
from keras_search.tuner import InputError, Tuner
from tests.helpers import tree

X, Y = np.zeros((8, 2), dtype="float32"), np.zeros(8)


def build(hp: keras_tuner.HyperParameters) -> keras.Model:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(hp.Int("units", 1, 9)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def search(folder: Path, max_trials: int) -> results.Run:
    tuner = Tuner(build, "val_loss", max_trials, workers=0, directory=folder, project_name="run")
    tuner.search(X, Y, epochs=1, validation_data=(X, Y), verbose=0)
    return results.read(folder / "run")


def change(path: Path, **values: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.slow
def test_no_file_outside_is_written(tmp_path: Path) -> None:
    run = search(tmp_path / "searches", 3).path
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    change(run / "trial_1" / "trial.json", trial_id="../../outside/one", status="RUNNING")
    change(
        run / "oracle.json", start_order=["0", "../../outside/two", "2"], points={"../../outside/three": {"units": 3}}
    )
    (run / "trial_2" / "epochs.csv").unlink()
    for name in ("oracle.json.damaged", "summary.csv", "trial_2/epochs.csv", "trial_1/hung.txt", "epochs.csv"):
        (run / name).unlink(missing_ok=True)
        (run / name).symlink_to(outside / "secret")
    (run / "trial_0" / "record.json").unlink()
    (run / "trial_0" / "record.json").symlink_to("/dev/zero")
    before = tree(outside)
    found = search(tmp_path / "searches", 4)
    assert tree(outside) == before
    assert [path.name for path in tmp_path.iterdir() if path.name not in ("searches", "outside")] == []
    assert list(found.trials["trial_id"]) == ["0", "1", "2", "3"]
    assert set(found.trials["status"]) == {"COMPLETED"}


@pytest.mark.slow
def test_a_trial_that_is_a_link_is_refused(tmp_path: Path) -> None:
    run = search(tmp_path / "searches", 2).path
    (run / "trial_1").rename(tmp_path / "elsewhere")
    (run / "trial_1").symlink_to(tmp_path / "elsewhere")
    before = tree(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="trial_1' is a link, and what is written to a run must stay"):
        search(tmp_path / "searches", 3)
    assert tree(tmp_path / "elsewhere") == before
