"""`--tensorboard`, as TensorBoard itself shows it."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import keras
import keras_tuner
import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from keras_search import results
from keras_search.tuner import Tuner
from keras_search.tuner.trial.tensorboard_log import Curves

pytestmark = pytest.mark.slow

RNG = np.random.default_rng(0)
X, Y = RNG.random((64, 4), dtype="float32"), RNG.integers(0, 2, 64)
SEED_OF_EVERY_BEHAVIOUR = 1
STATUSES = ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"]


class Model(keras_tuner.HyperModel):
    """Some points fail before or while they are trained; `wide` is not known before a build asks for it."""

    baseline: ClassVar = {"units": 100}

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        units = hp.Int("units", 1, 64)
        behaviour = hp.Choice("behaviour", ["well", "raise", "diverge"])
        if behaviour == "raise":
            raise ValueError("no such layer")
        if units < 40:
            hp.Boolean("wide")
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units), keras.layers.Dense(2, "softmax")])
        rate = 1e38 if behaviour == "diverge" else 0.01
        model.compile(keras.optimizers.SGD(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> results.Run:
    """A search with every kind of trial."""
    folder = tmp_path_factory.mktemp("tensorboard")
    settings = {"max_trials": 6, "executions_per_trial": 2, "workers": 0, "seed": SEED_OF_EVERY_BEHAVIOUR}
    made = Tuner(Model(), directory=folder, project_name="run", tensorboard=True, **settings)
    made.search(X, Y, epochs=3, validation_data=(X, Y), verbose=0)
    return results.read(folder / "run")


@pytest.fixture(scope="module")
def url(run: results.Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`tensorboard --logdir` of that run."""
    log = tmp_path_factory.mktemp("log") / "log"
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(run.path), "--host", "127.0.0.1"]
    with log.open("w") as file:
        server = subprocess.Popen([*command, "--port", "0"], stdout=file, stderr=file, env=os.environ)
    try:
        deadline = time.monotonic() + 120
        while "http://" not in log.read_text():
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        found = log.read_text().split("http://")[1].split("/")[0]
        while len(get(f"http://{found}", "hparams/session_groups", **SESSIONS).get("sessionGroups", [])) < 6:
            assert time.monotonic() < deadline, "the trials never came"
            time.sleep(0.1)
        yield f"http://{found}"
    finally:
        server.terminate()
        server.wait()


SESSIONS = {"request": json.dumps({"allowedStatuses": STATUSES, "colParams": [], "startIndex": 0, "sliceSize": 99})}


def get(url: str, path: str, **query: str) -> Any:
    address = f"{url}/data/plugin/{path}?{urllib.parse.urlencode(query)}"
    with urllib.request.urlopen(address, timeout=30) as answer:
        return json.load(answer)


def curve(url: str, name: str, tag: str) -> dict[int, float]:
    return {step: value for _, step, value in get(url, "scalars/scalars", run=name, tag=tag)}


def test_the_scalars_are_the_learning_curves(run: results.Run, url: str) -> None:
    shown = get(url, "scalars/tags")
    parts = {"train": ["loss", "accuracy"], "validation": ["loss", "accuracy"]}
    for (trial_id, execution), epochs in run.epochs.groupby(["trial_id", "execution"]):
        for part, tags in parts.items():
            name = f"tensorboard/{trial_id}/execution{execution}/{part}"
            assert sorted(shown[name]) == sorted(tags)
            for tag in tags:
                column = tag if part == "train" else f"val_{tag}"
                expected = {row["epoch"]: row[column] for row in epochs.to_dict("records")}
                found = curve(url, name, tag)
                assert list(found) == list(expected)
                numbers = {epoch: float(found[epoch]) for epoch in found}
                assert numbers == pytest.approx(expected, nan_ok=True)
    trained = {f"tensorboard/{row.trial_id}/execution{row.execution}" for row in run.epochs.itertuples()}
    assert {name.rpartition("/")[0] for name in shown if "execution" in name} == trained


def test_every_trial_is_in_the_hparams_tab(run: results.Run, url: str) -> None:
    groups = {group["name"]: group for group in get(url, "hparams/session_groups", **SESSIONS)["sessionGroups"]}
    assert sorted(groups) == run.trials["trial_id"].tolist()
    assert set(run.trials["status"]) == {"COMPLETED", "FAILED"}, "the seed should give both"
    for row in run.trials.astype(object).to_dict("records"):
        group = groups[row["trial_id"]]
        names = ("units", "behaviour", "wide")
        expected = {name: row[f"hp_{name}"] for name in names if row[f"hp_{name}"] == row[f"hp_{name}"]}
        assert group["hparams"] == expected
        (session,) = group["sessions"]
        assert session["name"] == f"tensorboard/{row['trial_id']}"
        assert 0 <= session["endTimeSecs"] - session["startTimeSecs"] < 60
        if row["status"] == "FAILED":
            assert session["status"] == "STATUS_FAILURE"
            assert group.get("metricValues", []) == []
        else:
            assert session["status"] == "STATUS_SUCCESS"
            (metric,) = group["metricValues"]
            assert metric["value"] == pytest.approx(row["score"])
            assert metric["trainingStep"] == row["best_epoch"]


def test_the_table_has_every_hyperparameter_and_the_objective(url: str) -> None:
    experiment = get(url, "hparams/experiment", request="{}")
    assert [(one["name"]["tag"], one["displayName"]) for one in experiment["metricInfos"]] == [
        ("score", "val_accuracy")
    ]
    domains = {one["name"]: one.get("domainInterval") or one["domainDiscrete"] for one in experiment["hparamInfos"]}
    assert domains == {
        "units": {"minValue": 1.0, "maxValue": 100.0},  # that of the baseline as well, or a filter would hide it
        "behaviour": ["diverge", "raise", "well"],
        "wide": [False, True],
    }


def steps(folder: Path, tag: str) -> dict[int, float]:
    """As TensorBoard reads it where it has no data server."""
    events = EventAccumulator(str(folder)).Reload()
    return {event.step: float(event.tensor_proto.float_val[0]) for event in events.Tensors(tag)}


def test_a_training_that_begins_anew_or_goes_on_shows_no_epoch_twice(tmp_path: Path) -> None:
    def train(**epochs: int) -> dict[int, float]:
        history = model.fit(X, Y, validation_data=(X, Y), verbose=0, callbacks=[Curves(tmp_path / "curves")], **epochs)
        return dict(zip((epoch + 1 for epoch in history.epoch), history.history["val_loss"], strict=True))

    model = Model().build(keras_tuner.HyperParameters())
    before = train(epochs=3)
    # A kill came after the third epoch was shown and before it was kept.
    after = train(epochs=4, initial_epoch=2)
    assert steps(tmp_path / "curves" / "validation", "loss") == pytest.approx(before | after)
    anew = train(epochs=2)
    assert steps(tmp_path / "curves" / "validation", "loss") == pytest.approx(anew)
    assert list(steps(tmp_path / "curves" / "train", "accuracy")) == [1, 2]
