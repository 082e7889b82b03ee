"""Subclasses of the tuner: what they override is called, or refused; what they train is recorded."""

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
from keras_search.tuner import Tuner, overridable
from keras_search.tuner.errors import InputError, SearchError
from keras_search.tuner.fast import patches
from keras_search.tuner.trial import own_tuner
from tests.tuner.trial.in_process import X, Y, rows
from tests.tuner.trial.interrupted import killing

TABLE = (*overridable.IN_SEARCH, *overridable.FOR_USERS, *overridable.REFUSED, *own_tuner.IN_TRAINING)
CALLED = [name for name in (*overridable.IN_SEARCH, *own_tuner.IN_TRAINING) if name != "search"]


def build(hp: keras_tuner.HyperParameters) -> keras.Model:
    units = hp.Int("units", 2, 16, default=4)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def made(kind: Any, folder: Path, hypermodel: Any = build, **arguments: Any) -> Any:
    settings = {"objective": "val_loss", "max_trials": 2, "workers": 0, "project_name": "run", **arguments}
    return kind(hypermodel, directory=folder, **settings)


def search(kind: Any, folder: Path, hypermodel: Any = build, **arguments: Any) -> Any:
    tuner = made(kind, folder, hypermodel, **arguments)
    tuner.search(X, Y, epochs=2, validation_data=(X, Y), verbose=0)
    return tuner


def counted(calls: list[str], name: str) -> Any:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        calls.append(name)
        return getattr(super(self.kind, self), name)(*args, **kwargs)

    return method


def counting(calls: list[str], *names: str) -> type[Tuner]:
    kind: Any = type("Counting", (Tuner,), {name: counted(calls, name) for name in names})
    kind.kind = kind
    return kind


def test_the_table_has_every_method_of_keras_tuners_tuner_once() -> None:
    theirs = {name for name in dir(keras_tuner.Tuner) if not name.startswith(("__", "_api_export"))}
    assert sorted(TABLE) == sorted(theirs)


def searched_counting(folder: Path, *names: str) -> list[str]:
    calls: list[str] = []
    tuner = made(counting(calls, *names), folder)
    board = keras.callbacks.TensorBoard(folder / "board")
    tuner.search(X, Y, epochs=1, validation_data=(X, Y), callbacks=[board], verbose=0)
    assert [row["status"] for row in rows(folder)] == ["COMPLETED"] * 2
    made(counting(calls, *names), folder).get_best_models()
    return calls


def test_every_overridden_method_is_called_with_what_super_does(tmp_path: Path) -> None:
    calls = searched_counting(tmp_path, *CALLED, "load_model")
    assert {*calls} == {*CALLED, "load_model"}
    plain = made(Tuner, tmp_path / "plain")
    plain.search(X, Y, epochs=1, validation_data=(X, Y), verbose=0)
    assert [row["score"] for row in rows(tmp_path)] == [row["score"] for row in rows(tmp_path / "plain")]


@pytest.mark.slow
@pytest.mark.parametrize("name", CALLED)
def test_each_is_called_where_it_is_the_only_one(name: str, tmp_path: Path) -> None:
    assert name in searched_counting(tmp_path, name)


@pytest.mark.parametrize("name", sorted(overridable.REFUSED))
def test_what_would_never_be_called_is_refused_before_anything_is_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=f"^`{name}` of Counting would never be called: [^\n]+$"):
        made(counting([], name), tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["_search", "_trials", "_run", "_in_trial"])
def test_a_name_of_the_toolkits_own_is_refused(name: str, tmp_path: Path) -> None:
    kind = type("Mine", (Tuner,), {name: lambda self: None})
    with pytest.raises(TypeError, match=f"^`{name}` of Mine is a name of the toolkit's own: give it another$"):
        made(kind, tmp_path)


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


def test_a_trial_ends_even_if_its_hook_leaves_that_out_or_fails(tmp_path: Path) -> None:
    class Forgets(Tuner):
        def on_trial_end(self, trial: Any) -> None:
            if trial.trial_id == "1":
                raise ZeroDivisionError("in a hook")

    with pytest.raises(ZeroDivisionError, match="in a hook"):
        search(Forgets, tmp_path, max_trials=3)
    assert [row["status"] for row in rows(tmp_path)] == ["COMPLETED", "COMPLETED"]
    assert made(Forgets, tmp_path, max_trials=3).oracle.end_order == ["0", "1"]


class Folds(Tuner):
    """Cross validation by the toolkit's own training."""

    def run_trial(self, trial: Any, x: Any, y: Any, **kwargs: Any) -> list[Any]:
        halves = np.array_split(np.arange(len(x)), 2)
        return [
            super(Folds, self).run_trial(trial, x[one], y[one], validation_data=(x[other], y[other]), **kwargs)
            for one, other in (halves, halves[::-1])
        ]


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


def test_a_model_of_ones_own_kind_is_saved_and_loaded_by_the_subclass(tmp_path: Path) -> None:
    class Texts(Tuner):
        def run_trial(self, trial: Any, *args: Any, **kwargs: Any) -> float:
            self.save_model(trial.trial_id, f"model {trial.trial_id}")
            return float(trial.trial_id)

        def save_model(self, trial_id: str, model: Any, step: int = 0) -> None:
            Path(self.get_trial_dir(trial_id), "model.txt").write_text(model)

        def load_model(self, trial: Any) -> Any:
            return Path(self.get_trial_dir(trial.trial_id), "model.txt").read_text()

    assert search(Texts, tmp_path).get_best_models(2) == ["model 0", "model 1"]


@pytest.mark.slow
def test_hooks_of_batches_alone_slow_the_training_down(tmp_path: Path) -> None:
    steps = []
    for names in ((), ("on_epoch_end",), ("on_epoch_end", "on_batch_end")):
        calls: list[str] = []
        tuner = made(counting(calls, *names), tmp_path / "_".join(("x", *names)), max_trials=1)
        tuner.search(X, Y, epochs=2, batch_size=8, validation_data=(X, Y), verbose=0)
        steps.append((calls.count("on_epoch_end"), calls.count("on_batch_end")))
    assert steps == [(0, 0), (2, 0), (2, 8)]


def test_state_of_ones_own_is_saved_after_each_trial_and_read_again(tmp_path: Path) -> None:
    class Remembers(Tuner):
        seen = 0

        def on_trial_end(self, trial: Any) -> None:
            self.seen += 1
            super().on_trial_end(trial)

        def get_state(self) -> dict[str, Any]:
            return super().get_state() | {"seen": self.seen}

        def set_state(self, state: dict[str, Any]) -> None:
            super().set_state(state)
            self.seen = state["seen"]

    search(Remembers, tmp_path)
    assert made(Remembers, tmp_path).seen == 2


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


class Fits(keras_tuner.HyperModel):
    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        return build(hp)


class LooksForVerbose(Fits):
    def fit(self, hp: Any, model: Any, *args: Any, **kwargs: Any) -> float:
        return float(kwargs["verbose"])


class SetsVerbose(Fits):
    def fit(self, hp: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
        return model.fit(*args, verbose=2, **kwargs)


@pytest.mark.parametrize(
    ("kind", "hypermodel"),
    [
        (Tuner, LooksForVerbose()),
        (Folds, SetsVerbose()),
        pytest.param(Tuner, SetsVerbose(), marks=pytest.mark.slow),
        pytest.param(Folds, LooksForVerbose(), marks=pytest.mark.slow),
    ],
)
def test_verbose_reaches_a_fit_that_looks_for_it_and_no_other(kind: Any, hypermodel: Any, tmp_path: Path) -> None:
    tuner = made(kind, tmp_path, hypermodel, max_trials=1)
    tuner.search(X, Y, **({} if kind is Folds else {"validation_data": (X, Y)}), verbose=0)
    assert [row["status"] for row in rows(tmp_path)] == ["COMPLETED"]


def test_an_argument_of_a_run_trial_that_cannot_go_to_workers_is_called_by_its_name_there(tmp_path: Path) -> None:
    class Takes(Tuner):
        def run_trial(self, trial: Any, x: Any, folds: Any) -> float:
            return 1.0

    tuner = made(Takes, tmp_path, workers=2)
    with pytest.raises(InputError, match=r"^the argument `folds`"):
        tuner.search(X, (number for number in range(3)))
