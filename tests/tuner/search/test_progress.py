"""The lines that a search prints."""

import functools
import io
import re
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path

import keras
import keras_tuner
import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console

from keras_search import search_spaces
from keras_search.results import files
from keras_search.search_spaces.declared import declared
from keras_search.tuner import Tuner, oracles
from keras_search.tuner.executors import choice
from keras_search.tuner.executors.in_process import InProcessExecutor
from keras_search.tuner.search import live
from keras_search.tuner.search.progress import Progress
from keras_search.tuner.trial.task import TrialTask
from tests.helpers import without_compiling

X, Y = np.zeros((8, 2), dtype="float32"), np.zeros(8)


def build(hp: keras_tuner.HyperParameters) -> keras.Model:
    units = hp.Int("units", 1, 9)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(units), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


@pytest.mark.slow
def test_an_oracle_without_a_number_of_trials_has_none_in_the_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    for _ in range(2):
        oracle = keras_tuner.oracles.HyperbandOracle("loss", max_epochs=2, factor=2, hyperband_iterations=1, seed=1)
        Tuner(build, oracle=oracle, workers=0, directory=tmp_path, project_name="run").search(X, Y)
    begins, *trials, end, begins_again, again, _ = without_compiling(capsys.readouterr().out)
    assert begins == begins_again == f"search in this process, kept in {tmp_path / 'run'}"
    assert trials[0].startswith("[1] trial 0000 | loss 0.0000 at epoch 1 of 2 | units=1 (baseline) | ")
    assert [line.split("]")[0] for line in trials] == [f"[{number}" for number in range(1, len(trials) + 1)]
    assert end == f"the search is complete: {len(trials)} trials"
    assert again == f"going on: {len(trials)} trials are done"


def fails(hp: keras_tuner.HyperParameters) -> keras.Model:
    model = build(hp)
    if hp["units"] > 0:
        model.compile("sgd", "no such loss")
    return model


@pytest.mark.slow
def test_a_search_that_is_done_and_one_of_which_no_trial_finished_say_so(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    def lines(hypermodel: Callable, trials: int, **arguments: object) -> list[str]:
        name = f"{hypermodel.__name__}{trials}"
        made = Tuner(hypermodel, "loss", trials, oracle="grid", workers=0, directory=tmp_path, project_name=name)
        made.search(X, Y, **arguments)
        return without_compiling(capsys.readouterr().out)

    lines(build, 1)
    assert lines(build, 1) == ["the one trial is done already"]
    lines(build, 2)
    assert lines(build, 2) == ["all 2 trials are done already"]
    failed = "no trial has finished: 2 trials failed, the first with ValueError: "
    way_out = "; mend that, and search anew with overwrite=True"
    assert lines(fails, 2)[-1].startswith(failed)
    (line,) = lines(fails, 2, verbose=0)
    assert line.startswith(failed)
    assert line.endswith(way_out)


def test_the_time_left_is_that_of_the_longest_trial(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    oracle = Tuner(build, "loss", max_trials=2, directory=tmp_path, project_name="run").oracle
    progress = Progress()
    with progress.search(oracle, slots=2):
        for number, (epochs, seconds) in enumerate([(5, [1] * 5), (10, [30, 10])]):
            trial = oracle.create_trial(f"tuner{number}")
            directory = tmp_path / "run" / f"trial_{trial.trial_id}"
            arguments = (trial.trial_id, trial.hyperparameters, directory, build, oracle.objective, 0, number == 0)
            task = TrialTask(*arguments, fit_kwargs={"epochs": epochs})
            progress.trial_waits(task)
            progress.trial_begins(task)
            curve = "".join(f"0,{epoch},{second}\n" for epoch, second in enumerate(seconds, 1))
            (directory / "epochs.csv").write_text("execution,epoch,seconds\n" + curve)
        first = oracle.get_trial("0")
        first.status = "COMPLETED"
        oracle.update_trial("0", {"loss": 1.0})
        oracle.end_trial(first)
        progress.trial_ends(oracle.get_trial("0"), tmp_path / "run" / "trial_0")
        assert "about 2 min 40 s left" in capsys.readouterr().out
        # Its last epoch is over, and the trial about to end.
        (directory / "epochs.csv").write_text("execution,epoch,seconds\n" + "".join(f"0,{n},1\n" for n in range(1, 11)))
        progress.trial_ends(oracle.get_trial("0"), tmp_path / "run" / "trial_0")
        assert "left" not in capsys.readouterr().out


SCORES = [0.9, 0.9123, None, 0.87, 0.9345]
ERROR = "ValueError: the kernel is larger than the image"


@functools.cache
def deep_cnn() -> keras_tuner.HyperParameters:
    """What the largest space declares, its values being the baseline."""
    return declared(search_spaces.get("deep_cnn").hypermodel((28, 28, 1), 10))


def printed(folder: Path, width: int | None, objective: str = "val_accuracy") -> tuple[list[str], list[str]]:
    """What a search of the largest space prints, and its live lines while the sixth trial runs.

    Args:
        width: That of the terminal; None for a file.
    """
    hp = deep_cnn()
    oracle = oracles.make("random", keras_tuner.Objective(objective, "max"), 6, 0, hp)
    oracles.adopt(oracle, hp.values)
    oracle._set_project_dir(folder, f"run{width}")
    progress, out = Progress(), io.StringIO()
    plain = {"highlight": False, "markup": False, "soft_wrap": True}
    progress._console = Console(file=out, width=width or 80, force_terminal=width is not None, **plain)
    with progress.search(oracle, slots=2, baseline=hp.values):
        for number, score in enumerate([*SCORES, None]):
            trial = oracle.create_trial(f"tuner{number}")
            directory = folder / f"run{width}" / f"trial_{trial.trial_id}"
            arguments = (trial.trial_id, trial.hyperparameters, directory, build, oracle.objective, 0, number == 0)
            task = TrialTask(*arguments)
            progress.trial_waits(task)
            progress.trial_begins(task)
            (directory / "epochs.csv").write_text(f"execution,epoch,seconds,{objective}\n0,1,2.5,0.8642\n")
            record = {"is_baseline": number == 0, "duration_s": 12.5, "best_epoch": 1, "epochs_run": 1}
            files.write_json(directory / "record.json", record | {"pruned": number == 3, "error": ERROR})
            if number == len(SCORES):
                break
            if score is not None:
                oracle.update_trial(trial.trial_id, {objective: score})
            trial.status = "FAILED" if score is None else "COMPLETED"
            oracle.end_trial(trial)
            progress.trial_ends(oracle.get_trial(trial.trial_id), directory)
        lines = progress._live()
        plain_text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", out.getvalue()).replace("\r", "\n")
        said = [line for line in plain_text.splitlines() if line.startswith("[")]
    return said, lines


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("objective", ["val_accuracy", "val_sparse_top_k_categorical_accuracy"])
def test_on_a_terminal_a_trial_is_a_row_with_its_score_first(width: int, objective: str, tmp_path: Path) -> None:
    trials, lines = printed(tmp_path, width, objective)
    named = "" if width == 40 else f"{objective} "
    assert trials[0].startswith(f"[1/6] trial 0 | {named}0.9000 | ")
    assert trials[0].endswith(" | (baseline)")
    assert trials[1].startswith(f"[2/6] trial 1 | {named}0.9123 | ")
    assert trials[2] == f"[3/6] trial 2 | FAILED: {ERROR}"
    assert trials[3].startswith(f"[4/6] trial 3 | {named}0.8700, pruned | ")
    assert lines[0].startswith(f"trial 5 | {named}0.8642 | epoch ")
    assert lines[-1].startswith("best 0.9345 (trial 4) | 5 of 6 ")
    assert all(cell_len(line) <= width for line in [*lines, *trials[:2], *trials[3:]])
    assert all("=" in line and line.endswith("…") for line in trials[1:2])
    # One of the baseline's own values would say nothing.
    assert "batch_norm=False" not in "".join(trials)


def test_in_a_file_a_trial_is_a_whole_line_with_its_score_first(tmp_path: Path) -> None:
    trials, _ = printed(tmp_path, None)
    assert trials[0].startswith("[1/6] trial 0 | val_accuracy 0.9000 at epoch 1 of 1 | blocks=1 filters_1=28 ")
    assert " epochs=1 (baseline) | 12.5 s | best 0.9000 (trial 0) | about " in trials[0]
    assert trials[2].startswith(f"[3/6] trial 2 | FAILED: {ERROR} | blocks=")
    assert "at epoch 1 of 1, pruned | blocks=" in trials[3]
    assert not any("…" in line for line in trials)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"max_trials": 1, "workers": 0}, "search of 1 trial in this process, kept in "),
        ({"max_trials": 2, "workers": 2}, "search of 2 trials on 2 workers, kept in "),
    ],
)
def test_what_begins_is_said_before_the_first_trial(
    arguments: dict[str, int], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    class BeginsNone(InProcessExecutor):
        slots = max(arguments["workers"], 1)
        shares_memory = arguments["workers"] == 0

        def submit(self, *call: object) -> None:
            raise SystemExit(capsys.readouterr().out)

    monkeypatch.setattr(choice, "make", lambda *_, **__: BeginsNone())
    for verbose in (1, 0):
        tuner = Tuner(build, "loss", **arguments, directory=tmp_path, project_name=f"run{verbose}")
        with pytest.raises(SystemExit) as begun:
            tuner.search(X, Y, verbose=verbose)
        lines = without_compiling(begun.value.code)
        assert lines == ([f"{said}{tmp_path / 'run1'}"] if verbose else [])


class Display:
    """What stands in the output of a notebook's cell, as IPython's displays with an id are replaced."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def display(self, data: dict[str, str], raw: bool, display_id: bool) -> "Display":
        assert raw
        assert display_id
        return self.update(data, raw)

    def update(self, data: dict[str, str], raw: bool) -> "Display":
        self.shown.append(data["text/plain"])
        return self


def ipython(kernel: object, display: Callable) -> types.ModuleType:
    module = types.ModuleType("IPython")
    module.get_ipython = lambda: types.SimpleNamespace(kernel=kernel) if kernel else None
    module.display = types.ModuleType("IPython.display")
    module.display.display = display
    return module


@pytest.mark.slow
def test_a_notebook_shows_lines_that_are_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(live, "_NOTEBOOK_REFRESH_S", 0.05)
    slow = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: time.sleep(0.2))
    for kernel, verbose in ((object(), 1), (object(), 0), (None, 1)):
        seen = Display()
        fake = ipython(kernel, seen.display)
        monkeypatch.setitem(sys.modules, "IPython", fake)
        monkeypatch.setitem(sys.modules, "IPython.display", fake.display)
        tuner = Tuner(build, "loss", 2, workers=0, directory=tmp_path, project_name=f"{kernel is None}{verbose}")
        tuner.search(X, Y, epochs=2, callbacks=[slow], verbose=verbose)
        lines = without_compiling(capsys.readouterr().out)
        if kernel is None or not verbose:
            assert seen.shown == []
            assert len(lines) == (3 if verbose else 0)
            continue
        assert [line.split(" | ")[0] for line in lines[1:]] == ["[1/2] trial 0", "[2/2] trial 1"]
        assert lines[1].endswith(" | (baseline)")
        assert any(text.startswith("trial 1 | loss 0.0000 | epoch 2 of 2 | units=") for text in seen.shown)
        assert seen.shown[-1] == ""
