"""Subclasses of the tuner: the methods that they override are called where Keras Tuner calls them, or refused."""

from pathlib import Path
from typing import Any

import keras
import keras_tuner
import pytest

from keras_search.tuner import Tuner, overridable
from keras_search.tuner.trial import own_tuner
from tests.tuner.subclasses import Folds, build, made, search
from tests.tuner.trial.in_process import X, Y, rows

TABLE = (*overridable.IN_SEARCH, *overridable.FOR_USERS, *overridable.REFUSED, *own_tuner.IN_TRAINING)
CALLED = [name for name in (*overridable.IN_SEARCH, *own_tuner.IN_TRAINING) if name != "search"]


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


def test_a_trial_ends_even_if_its_hook_leaves_that_out_or_fails(tmp_path: Path) -> None:
    class Forgets(Tuner):
        def on_trial_end(self, trial: Any) -> None:
            if trial.trial_id == "1":
                raise ZeroDivisionError("in a hook")

    with pytest.raises(ZeroDivisionError, match="in a hook"):
        search(Forgets, tmp_path, max_trials=3)
    assert [row["status"] for row in rows(tmp_path)] == ["COMPLETED", "COMPLETED"]
    assert made(Forgets, tmp_path, max_trials=3).oracle.end_order == ["0", "1"]


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
