"""A `run_trial` of one's own: whatever it trains and returns is recorded, goes on after a stop and is given back."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest

from keras_search.results.reading import trial_rows
from keras_search.tuner import Tuner
from keras_search.tuner.errors import InputError, SearchError
from keras_search.tuner.fast import patches
from tests.tuner.subclasses import Folds, build, made, search
from tests.tuner.trial.in_process import X, Y, rows
from tests.tuner.trial.interrupted import killing


def history(*losses: float) -> keras.callbacks.History:
    made = keras.callbacks.History()
    made.epoch, made.history = list(range(len(losses))), {"val_loss": list(losses)}
    return made


@pytest.mark.parametrize(
    ("returned", "score"),
    [
        (0.5, 0.5),
        (np.float32(0.5), 0.5),
        ({"val_loss": 0.25, "seconds": 3.0}, 0.25),
        (history(3.0, 1.0, 2.0), 1.0),
        ([history(3.0, 1.0), {"val_loss": 2.0}, 3.0], 2.0),
        ([[history(3.0), history(5.0)], [history(1.0)]], 2.5),
    ],
)
def test_whatever_run_trial_returns_is_the_score(returned: Any, score: float, tmp_path: Path) -> None:
    class Returns(Tuner):
        def run_trial(self, trial: Any, *args: Any, **kwargs: Any) -> Any:
            return returned

    tuner = search(Returns, tmp_path)
    assert [trial.score for trial in tuner.oracle.get_best_trials(2)] == [score, score]


class Tells(Tuner):
    def run_trial(self, trial: Any, *args: Any, **kwargs: Any) -> None:
        for step, loss in enumerate((3.0, 1.0, 2.0)):
            self.oracle.update_trial(trial.trial_id, {"val_loss": loss, "step": step}, step=step)


@pytest.mark.parametrize("workers", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_a_run_trial_may_tell_the_oracle_and_return_nothing(workers: int, tmp_path: Path) -> None:
    tuner = search(Tells, tmp_path, workers=workers)
    for trial in tuner.oracle.get_best_trials(2):
        assert (trial.score, trial.best_step, trial.metrics.get_last_value("step")) == (1.0, 1, 1.0)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (keras_tuner.errors.FailedTrialError("too deep"), "FailedTrialError: too deep"),
        (ZeroDivisionError("no"), "ZeroDivisionError: no"),
        (None, "FatalTypeError: The return value of Tuner.run_trial() is None"),
    ],
)
def test_an_error_in_run_trial_fails_the_trial(error: Exception | None, said: str, tmp_path: Path) -> None:
    class Fails(Tuner):
        def run_trial(self, trial: Any, *args: Any, **kwargs: Any) -> Any:
            if error is not None:
                raise error

    with contextlib.suppress(SearchError) if error is None else contextlib.nullcontext():
        search(Fails, tmp_path, max_trials=1)
    [row] = rows(tmp_path)
    assert row["status"] == "FAILED"
    assert said in row["error"]


class BlackBox:
    def run_trial(self, trial: Any, *args: Any, **kwargs: Any) -> float:
        return trial.hyperparameters.Float("x", -1.0, 1.0) ** 2


def test_a_black_box_without_a_hypermodel_learns_its_hyperparameters_from_the_first_trial(tmp_path: Path) -> None:
    tuner = made(type("Box", (BlackBox, Tuner), {}), tmp_path, None, objective=None, max_trials=4)
    tuner.search()
    found = [trial.hyperparameters.values["x"] for trial in tuner.oracle.trials.values()]
    assert found[0] == -1.0
    assert len(set(found)) == 4
    assert [trial.score for trial in tuner.oracle.trials.values()] == [x**2 for x in found]
    with pytest.raises(ValueError, match=r"save_model\(trial\.trial_id, model\) in it keeps them"):
        tuner.get_best_models()


SEEN: list[Any] = []


class Mine(Tuner):
    """Has a constructor of its own, asks for more, and notes where its hooks are called."""

    def __init__(self, note: str, **arguments: Any) -> None:
        self.note = note
        super().__init__(build, **arguments)
        self.factor = 2.0

    def run_trial(self, trial: Any, x: Any, y: Any, folds: int, **kwargs: Any) -> Any:
        batch_size = trial.hyperparameters.Int("batch_size", 8, 32, step=8)
        results = super().run_trial(trial, x, y, batch_size=batch_size, **kwargs)
        Path(self.get_trial_dir(trial.trial_id), "seen").write_text(f"{os.getpid()} {self.note} {folds} {self.factor}")
        return results

    def on_search_begin(self) -> None:
        SEEN.append("search")

    def on_trial_begin(self, trial: Any) -> None:
        SEEN.append((trial.trial_id, trial.status, trial.score))

    def on_trial_end(self, trial: Any) -> None:
        SEEN.append((trial.trial_id, trial.status, trial.score))
        super().on_trial_end(trial)
        super().on_trial_end(trial)  # has no effect
        SEEN.append((trial.trial_id, trial.status, trial.score))

    def on_search_end(self) -> None:
        SEEN.append("end")


@pytest.mark.slow
def test_a_subclass_of_ones_own_is_trained_in_workers_and_its_search_hooks_called_here(tmp_path: Path) -> None:
    SEEN.clear()
    tuner = Mine("hello", objective="val_loss", max_trials=2, workers=1, directory=tmp_path, project_name="run")
    tuner.search(X, Y, folds=3, epochs=2, validation_data=(X, Y), verbose=0)
    scores = [row["score"] for row in rows(tmp_path)]
    assert [
        "search",
        ("0", "RUNNING", None), ("0", "COMPLETED", None), ("0", "COMPLETED", scores[0]),
        ("1", "RUNNING", None), ("1", "COMPLETED", None), ("1", "COMPLETED", scores[1]),
        "end",
    ] == SEEN  # fmt: skip
    assert tuner.oracle.end_order == ["0", "1"]
    for row, directory in zip(rows(tmp_path), trial_rows.trial_directories(tmp_path / "run"), strict=True):
        pid, *seen = (directory / "seen").read_text().split()
        assert seen == ["hello", "3", "2.0"]
        assert int(pid) != os.getpid()
        assert (row["best_epoch"], row["epochs_run"]) == (2, 2)
    assert "batch_size" in tuner.get_best_hyperparameters()[0].values


@pytest.mark.slow
def test_cross_validation_through_super_goes_on_where_it_was_interrupted(tmp_path: Path) -> None:
    def searched(folder: Path) -> Any:
        tuner = made(Folds, folder, max_trials=1, executions_per_trial=2)
        tuner.search(X, Y, epochs=3, verbose=0)
        return tuner

    searched(tmp_path / "whole")
    for _ in range(2):
        with pytest.MonkeyPatch.context() as patch:
            killing(patch, 4)
            with pytest.raises(KeyboardInterrupt):
                searched(tmp_path / "part")
    searched(tmp_path / "part")
    found, expected = (
        [
            (row["execution"], row["epoch"], row["val_loss"])
            for row in trial_rows.read_epochs(folder / "run" / "trial_0")
        ]
        for folder in (tmp_path / "part", tmp_path / "whole")
    )
    assert found == expected
    assert [place[:2] for place in found] == [(execution, epoch) for execution in range(4) for epoch in (1, 2, 3)]
    assert rows(tmp_path / "part")[0]["score"] == rows(tmp_path / "whole")[0]["score"]


class Loop(Tuner):
    """The loop of Keras Tuner's guide: it tells the epochs to the tuner, and returns nothing."""

    def run_trial(self, trial: Any, x: Any, y: Any, **kwargs: Any) -> None:
        model = self.hypermodel.build(trial.hyperparameters)
        for epoch, loss in enumerate((3.0, 1.0, 2.0)):
            self.on_epoch_begin(trial, model, epoch, logs={})
            model.set_weights([np.full_like(weights, loss) for weights in model.get_weights()])
            self.on_batch_end(trial, model, 0, logs={"loss": loss})
            self.on_epoch_end(trial, model, epoch, logs={"val_loss": loss})


def test_a_loop_of_ones_own_has_a_learning_curve_and_best_weights(tmp_path: Path) -> None:
    tuner = search(Loop, tmp_path, max_trials=1)
    assert [row["val_loss"] for row in trial_rows.read_epochs(tmp_path / "run" / "trial_0")] == [3.0, 1.0, 2.0]
    [row] = rows(tmp_path)
    assert (row["score"], row["best_epoch"], row["epochs_run"]) == (1.0, 2, 3)
    assert all((weights == 1.0).all() for weights in tuner.get_best_models()[0].get_weights())


def test_models_that_a_run_trial_builds_train_fast_and_are_restored(tmp_path: Path) -> None:
    class Builds(Tuner):
        def run_trial(self, trial: Any, x: Any, y: Any, **kwargs: Any) -> Any:
            self.model = self.hypermodel.build(trial.hyperparameters)
            history = self.model.fit(x, y, validation_data=(x, y), verbose=0)
            self.status = patches.status(self.model)
            return history

    tuner = made(Builds, tmp_path, max_trials=1)
    build_before = tuner.hypermodel.build
    tuner.search(X, Y)
    assert tuner.status["fit"] is True
    assert patches.status(tuner.model) == {}
    assert tuner.hypermodel.build == build_before


class Saves(Tuner):
    def run_trial(self, trial: Any, x: Any, y: Any, **kwargs: Any) -> float:
        model = self.hypermodel.build(trial.hyperparameters)
        model.fit(x, y, verbose=0)
        self.save_model(trial.trial_id, model)
        return float(model.evaluate(x, y, verbose=0))


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Saves, Tuner])
def test_models_that_were_not_kept_are_trained_once_more(kind: Any, tmp_path: Path) -> None:
    tuner = search(kind, tmp_path, keep_weights=1)
    best = tuner.get_best_models(2)
    losses = [model.evaluate(X, Y, verbose=0) for model in best]
    assert losses == pytest.approx([trial.score for trial in tuner.oracle.get_best_trials(2)], rel=1e-5)


@pytest.mark.slow
def test_training_once_more_goes_through_the_users_own_run_trial(tmp_path: Path) -> None:
    tuner = search(Saves, tmp_path, keep_weights=1)
    metrics = {trial_id: trial.metrics.get_config() for trial_id, trial in tuner.oracle.trials.items()}
    assert len(tuner.get_best_models(2)) == 2
    assert metrics == {trial_id: trial.metrics.get_config() for trial_id, trial in tuner.oracle.trials.items()}


def test_what_the_training_leaves_on_the_tuner_is_there_without_workers(tmp_path: Path) -> None:
    class Collects(Tuner):
        def run_trial(self, trial: Any, *args: Any, **kwargs: Any) -> Any:
            self.collected = [*getattr(self, "collected", []), trial.trial_id]
            return super().run_trial(trial, *args, **kwargs)

    assert search(Collects, tmp_path).collected == ["0", "1"]


@pytest.mark.parametrize(
    ("method", "given"),
    [
        (lambda self, trial, *args, verbose=1, **kwargs: float(verbose), 0.0),
        (lambda self, trial, *args, **kwargs: float(kwargs.get("verbose", 5)), 0.0),
    ],
)
def test_verbose_reaches_a_run_trial_of_ones_own(method: Callable[..., Any], given: float, tmp_path: Path) -> None:
    tuner = search(type("Verbose", (Tuner,), {"run_trial": method}), tmp_path, max_trials=1)
    assert tuner.oracle.get_best_trials()[0].score == given


def test_an_argument_of_a_run_trial_that_cannot_go_to_workers_is_called_by_its_name_there(tmp_path: Path) -> None:
    class Takes(Tuner):
        def run_trial(self, trial: Any, x: Any, folds: Any) -> float:
            return 1.0

    tuner = made(Takes, tmp_path, workers=2)
    with pytest.raises(InputError, match=r"^the argument `folds`"):
        tuner.search(X, (number for number in range(3)))
