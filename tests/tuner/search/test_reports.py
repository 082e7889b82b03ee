"""What trials in worker processes print, log and change is shown, logged and named where the search is."""

import logging
import os
import sys
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest

from keras_search.tuner import Tuner
from keras_search.tuner.executors.in_process import InProcessExecutor
from keras_search.tuner.search.progress import Progress
from keras_search.tuner.search.reports import Reports
from keras_search.tuner.trial.task import TrialTask
from tests.helpers import ROOT
from tests.tuner.executors.cluster import Workers, scheduling

X = np.random.default_rng(0).random((32, 2), dtype="float32")
Y = X.sum(axis=1)
LOGGER = logging.getLogger(__name__)
histories: list[Any] = []


class Chatty(keras_tuner.HyperModel):
    """Prints and logs; on request it kills its process, once."""

    def __init__(self, lines: int = 1, dies: Path | None = None) -> None:
        super().__init__()
        self.lines = lines
        self.dies = dies
        self.best_loss: float | None = None

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(hp.Int("units", 1, 99)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> Any:
        for number in range(self.lines):
            print(f"line {number}")
        print("printed on standard error", file=sys.stderr)
        LOGGER.info("%d units", hp["units"])
        if self.dies is not None and not self.dies.exists():
            self.dies.touch()
            print("about to die", end="")
            os.kill(os.getpid(), 9)
        history = model.fit(*args, verbose=1, **kwargs)
        self.best_loss = min(history.history["loss"])
        histories.append(history.history)
        return history


def search(folder: Path, hypermodel: keras_tuner.HyperModel, **arguments: Any) -> Path:
    settings = {"objective": "loss", "max_trials": 2, "workers": 1, **arguments}
    tuner = Tuner(hypermodel, directory=folder, project_name="run", **settings)
    tuner.search(X, Y, epochs=2, verbose=0)
    return folder / "run"


def test_prints_logs_and_changes_of_a_worker_come_to_the_search(
    tmp_path: Path, capsys: pytest.CaptureFixture, caplog: pytest.LogCaptureFixture
) -> None:
    """Even where `verbose=0` silences the search: none of it is its own."""
    with caplog.at_level(logging.INFO, LOGGER.name):
        run = search(tmp_path, Chatty())
    lines = capsys.readouterr().out.splitlines()
    shown = [line for line in lines if line.startswith("trial ")]
    assert [line for line in shown if " line " in line] == ["trial 0: line 0", "trial 1: line 0"]
    told, changed = (line for line in lines if line not in shown)
    assert told == f"what the trials print is in {run}/trial_*/output.txt"
    names = f"{__name__}.histories"
    assert changed.startswith("the trials changed ")
    assert sorted(changed.removeprefix("the trials changed ").split(" in their ")[0].split(" and ")) == sorted(
        ["Chatty.best_loss", names]
    )
    assert changed.endswith(" in their own processes only: search with workers=0 to have that here")
    for trial in range(2):
        text = (run / f"trial_{trial}" / "output.txt").read_text()
        assert text.startswith("line 0\nprinted on standard error\nEpoch 1/2\n")
        assert text.count("1/1 ━") == 2, "of the bar of each epoch, its last state"
        assert "\x1b" not in text
    units = [record.getMessage() for record in caplog.records if record.name == LOGGER.name]
    assert units[0] == "1 units"
    assert len(units) == 2
    assert len({record.process for record in caplog.records if record.name == LOGGER.name} | {os.getpid()}) == 2


class Counted(Tuner):
    """Counts its epochs, which end in the process of the trial, and its trials, which end where the search is."""

    epochs = trials = 0

    def on_epoch_end(self, *args: Any, **kwargs: Any) -> None:
        self.epochs += 1

    def on_trial_end(self, trial: Any) -> None:
        super().on_trial_end(trial)
        self.trials += 1


@pytest.mark.slow
def test_what_a_hook_of_the_tuner_counts_in_training_is_named(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    def build(hp: keras_tuner.HyperParameters) -> keras.Model:
        return Chatty().build(hp)

    tuner = Counted(build, "loss", 2, workers=1, directory=tmp_path, project_name="run")
    tuner.search(X, Y, epochs=2, verbose=0)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("the trials changed Counted.epochs in their own processes only: ")
    assert (tuner.epochs, tuner.trials) == (0, 2)


@pytest.mark.slow
def test_what_a_trial_printed_and_logged_before_its_process_was_killed_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, LOGGER.name):
        run = search(tmp_path, Chatty(dies=tmp_path / "died"), max_trials=1)
    text = (run / "trial_0" / "output.txt").read_text()
    assert text.startswith("line 0\nprinted on standard error\nabout to dieline 0\n")
    assert [record.getMessage() for record in caplog.records if record.name == LOGGER.name] == ["1 units"] * 2
    assert len((run / "trial_0" / "log.jsonl").read_text().splitlines()) == 2


@pytest.mark.slow
def test_of_a_trial_that_prints_much_it_is_said_once_where_that_is(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    tuner = Tuner(Chatty(lines=500), "loss", 2, workers=1, directory=tmp_path, project_name="run")
    tuner.search(X, Y, epochs=1)
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if "output.txt" in line] == [
        f"what the trials print is in {tmp_path / 'run'}/trial_*/output.txt"
    ]
    assert not [line for line in lines if "line 4" in line]
    for trial in range(2):
        assert "line 499\n" in (tmp_path / "run" / f"trial_{trial}" / "output.txt").read_text()


def test_in_this_process_trials_print_and_log_as_ever(
    tmp_path: Path, capsys: pytest.CaptureFixture, caplog: pytest.LogCaptureFixture
) -> None:
    collected = len(histories)
    with caplog.at_level(logging.INFO, LOGGER.name):
        run = search(tmp_path, Chatty(), max_trials=1, workers=0)
    printed = capsys.readouterr()
    assert printed.out.startswith("line 0\n")
    assert printed.err == "printed on standard error\n"
    assert "the trials changed" not in printed.out
    assert [record.process for record in caplog.records if record.name == LOGGER.name] == [os.getpid()]
    assert len(histories) == collected + 1
    assert not {"output.txt", "log.jsonl"} & {path.name for path in run.rglob("*")}


def test_what_an_earlier_search_has_logged_is_not_logged_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Elsewhere(InProcessExecutor):
        shares_memory = False

    log = tmp_path / "log.jsonl"
    line = '{"name": "earlier", "levelno": 40, "levelname": "ERROR", "msg": "%s"}\n'
    log.write_text(line % "before")
    objective = keras_tuner.Objective("loss", "min")
    task = TrialTask("0", keras_tuner.HyperParameters(), tmp_path, Chatty(), objective, 1, True)
    reports = Reports(tmp_path, Elsewhere(), Progress())
    for said in ("now", "when it is begun again"):
        reports.call(task)
        with log.open("a") as file:
            file.write(line % said)
    reports.listen([task])
    assert [record.getMessage() for record in caplog.records] == ["now", "when it is begun again"]


@pytest.mark.slow
def test_a_dask_cluster_reports_as_workers_do(
    tmp_path: Path, capsys: pytest.CaptureFixture, caplog: pytest.LogCaptureFixture
) -> None:
    from keras_search.tuner.executors import choice

    folder = tmp_path / "cluster"
    folder.mkdir()
    with scheduling(folder, "tcp") as (scheduler, _), Workers(scheduler, folder, {}) as workers:
        workers.start(PYTHONPATH=str(ROOT))
        with choice.make(1, scheduler=scheduler) as executor, caplog.at_level(logging.INFO, LOGGER.name):
            run = search(tmp_path, Chatty(), max_trials=1, executor=executor)
    out = capsys.readouterr().out
    assert "trial 0: line 0\n" in out
    assert "the trials changed " in out
    assert (run / "trial_0" / "output.txt").read_text().startswith("line 0\nprinted on standard error\n")
    assert "1 units" in [record.getMessage() for record in caplog.records]
