"""A run that is gone on with: for the same question, or for another one, which is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest
from keras_tuner import oracles as theirs

from keras_search.tuner import InputError
from tests.helpers import mostly_slow, tree
from tests.tuner.record.instant import OBJECTIVE, Instant, searched, tuner, units


class Asks(Instant):
    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> dict[str, float]:
        hp.Int("batch", 8, 64)
        return super().fit(hp, model)


def branching(hp: keras_tuner.HyperParameters) -> None:
    if hp.Choice("kind", ["flat", "deep"]) == "deep":
        with hp.conditional_scope("kind", ["deep"]):
            hp.Float("dropout", 0.0, 0.5)
    hp.Int("units", 1, 64)


def budgeted(hp: keras_tuner.HyperParameters) -> None:
    units(hp)
    hp.Int("epochs", 1, 9)


def hyperparameters(most: int = 64) -> keras_tuner.HyperParameters:
    hp = keras_tuner.HyperParameters()
    hp.Int("units", 1, most)
    return hp


class OwnOracle(keras_tuner.Oracle):
    def __init__(self, steps: int, noise: float = 0.1, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.steps = steps
        self._noise = noise
        self.rng = np.random.default_rng()

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        self.asked = getattr(self, "asked", 0) + 1
        return {"status": "RUNNING", "values": self._random_values()}


SAME: dict[str, Callable[[], dict[str, Any]]] = {
    "a function made anew": lambda: {"hypermodel": Instant(lambda hp: units(hp))},
    "random": dict,
    "grid": lambda: {"oracle": "grid"},
    "bayesian": lambda: {"oracle": "bayesian"},
    "tpe": lambda: {"oracle": "tpe"},
    "hyperband": lambda: {"oracle": "hyperband", "hypermodel": Instant(budgeted)},
    "what fit asks for": lambda: {"hypermodel": Asks(units)},
    "what a condition hides": lambda: {"hypermodel": Instant(branching), "max_trials": 6},
    "a baseline": lambda: {"hypermodel": Instant(branching, {"kind": "deep", "dropout": 0.25})},
    "several objectives": lambda: {"objective": ["val_loss", OBJECTIVE]},
    "random of theirs": lambda: {"oracle": theirs.RandomSearchOracle(OBJECTIVE, max_trials=3)},
    "grid of theirs": lambda: {"oracle": theirs.GridSearchOracle(OBJECTIVE, max_trials=3)},
    "bayesian of theirs": lambda: {"oracle": theirs.BayesianOptimizationOracle(OBJECTIVE, max_trials=4)},
    "hyperband of theirs": lambda: {"oracle": theirs.HyperbandOracle(OBJECTIVE, max_epochs=3)},
    "own hyperparameters": lambda: {
        "oracle": theirs.RandomSearchOracle(
            OBJECTIVE, max_trials=3, hyperparameters=hyperparameters(), tune_new_entries=False
        )
    },
    "an oracle of one's own": lambda: {"oracle": OwnOracle(3, objective=OBJECTIVE, max_trials=3)},
}


@pytest.mark.parametrize("name", mostly_slow(SAME, 3))
def test_the_same_script_goes_on(name: str, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    first = searched(tmp_path, **SAME[name]())
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    before = {trial_id: trial.get_state() for trial_id, trial in first.oracle.trials.items()}
    made = tuner(tmp_path, **SAME[name]() | {"keep_weights": 1, "pruner": "median", "time_budget": 600, "retries": 0})
    if made.oracle.max_trials:
        made.oracle.max_trials += 1
    made.search(verbose=0)
    made.search(verbose=0)
    assert {trial_id: made.oracle.trials[trial_id].get_state() for trial_id in before} == before
    assert json.loads((tmp_path / "run" / "run.json").read_text()) == record
    assert capsys.readouterr().out == ""


def changed(declare: Callable[[keras_tuner.HyperParameters], Any], **baseline: Any) -> dict[str, Any]:
    return {"hypermodel": Instant(declare, baseline)}


OTHERS: dict[str, tuple[dict[str, Any], str]] = {
    "seed": ({"seed": 1}, "seed was 0 and is now 1"),
    "executions": ({"executions_per_trial": 2}, "executions per trial was 1 and is now 2"),
    "threads": ({"threads": 2, "workers": 1}, "threads was 1 and is now 2"),
    "oracle": ({"oracle": "bayesian"}, "oracle was random and is now bayesian"),
    "range": (
        changed(lambda hp: (hp.Int("units", 1, 65), hp.Choice("kind", ["flat", "deep"]))),
        "units was Int(default=1, min_value=1, max_value=64, step=1, sampling='linear') and is now Int(default=1, "
        "min_value=1, max_value=65,",
    ),
    "sampling": (
        changed(lambda hp: (hp.Int("units", 1, 64, sampling="log"), hp.Choice("kind", ["flat", "deep"]))),
        "units was ",
    ),
    "values": (changed(lambda hp: (hp.Int("units", 1, 64), hp.Choice("kind", ["flat", "new"]))), "kind was Choice("),
    "kind": (changed(lambda hp: (hp.Float("units", 1, 64), hp.Choice("kind", ["flat", "deep"]))), "now Float("),
    "new": (changed(lambda hp: (units(hp), hp.Boolean("norm"))), "norm is new"),
    "gone": (changed(lambda hp: hp.Int("units", 1, 64)), "kind is gone"),
    "baseline": (changed(units, units=5), "the baseline's units was 1 and is now 5"),
    "all at once": (
        changed(lambda hp: [hp.Int(f"h{number}", 1, 2) for number in range(9)]) | {"seed": 3},
        "seed was 0 and is now 3; h0 is new; h1 is new; h2 is new; h3 is new; and 7 more",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_another_question_is_refused_and_named(name: str, done: Path) -> None:
    arguments, said = OTHERS[name]
    made = tuner(done, **arguments)
    before = tree(done)
    with pytest.raises(InputError) as refused:
        made.search(verbose=0)
    after = tree(done)
    assert {path: content for path, content in after.items() if not path.endswith(".lock")} == {
        path: content for path, content in before.items() if not path.endswith(".lock")
    }
    message = str(refused.value)
    assert said in message
    assert "\n" not in message
    assert message.endswith("give another project_name, or start it anew with overwrite=True")


def test_the_run_of_another_backend_is_refused(tmp_path: Path) -> None:
    searched(tmp_path)
    path = tmp_path / "run" / "run.json"
    record = json.loads(path.read_text())
    assert record["tuner"].pop("backend") == "tensorflow"
    path.write_text(json.dumps(record | {"tuner": record["tuner"] | {"backend": "jax"}}))
    with pytest.raises(InputError, match="backend was jax and is now tensorflow"):
        tuner(tmp_path).search(verbose=0)
    path.write_text(json.dumps(record))  # of an older version, which ran on TensorFlow only
    tuner(tmp_path).search(verbose=0)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            OwnOracle(3, objective=OBJECTIVE),
            OwnOracle(4, objective=OBJECTIVE),
            "OwnOracle(steps=3) and is now OwnOracle(steps=4)",
        ),
        (theirs.HyperbandOracle(OBJECTIVE, 3), theirs.HyperbandOracle(OBJECTIVE, 3, factor=2), "factor=2"),
        (
            theirs.GridSearchOracle(OBJECTIVE),
            theirs.BayesianOptimizationOracle(OBJECTIVE),
            "BayesianOptimizationOracle(",
        ),
        (theirs.RandomSearchOracle(OBJECTIVE), OwnOracle(4, objective=OBJECTIVE), "is now OwnOracle("),
        (
            theirs.RandomSearchOracle(OBJECTIVE, hyperparameters=hyperparameters()),
            theirs.RandomSearchOracle(OBJECTIVE, hyperparameters=hyperparameters(32)),
            "max_value=32",
        ),
    ],
)
def test_an_oracle_with_other_arguments_is_another_one(before: Any, after: Any, said: str, tmp_path: Path) -> None:
    before.max_trials = after.max_trials = 2
    searched(tmp_path, oracle=before)
    with pytest.raises(InputError) as refused:
        searched(tmp_path, oracle=after)
    assert said in str(refused.value)


def test_a_change_behind_a_condition_is_another_question(tmp_path: Path) -> None:
    def branching_to(most: float, more: bool = False) -> Instant:
        def declare(hp: keras_tuner.HyperParameters) -> None:
            if hp.Choice("kind", ["flat", "deep"]) == "deep":
                hp.Float("dropout", 0.0, most)
                if more:
                    hp.Boolean("norm")

        return Instant(declare)

    searched(tmp_path, hypermodel=branching_to(0.5), max_trials=4)
    searched(tmp_path, hypermodel=branching_to(0.5), max_trials=5)
    with pytest.raises(InputError, match=r"dropout was Float\(.*max_value=0.5.* and is now Float\(.*max_value=0.9"):
        searched(tmp_path, hypermodel=branching_to(0.9))
    with pytest.raises(InputError, match="norm is new"):
        searched(tmp_path, hypermodel=branching_to(0.5, more=True))


@pytest.mark.parametrize("whose", mostly_slow(["an older version's", "Keras Tuner's"], 1))
def test_a_project_without_a_record_goes_on(whose: str, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    if whose == "Keras Tuner's":
        keras_tuner.RandomSearch(
            Instant(units), objective=OBJECTIVE, max_trials=3, directory=tmp_path, project_name="run"
        ).search(verbose=0)
    else:
        searched(tmp_path)
        (tmp_path / "run" / "run.json").unlink()
    scores = {path: json.loads(path.read_text())["score"] for path in (tmp_path / "run").glob("trial_*/trial.json")}
    capsys.readouterr()
    assert len(searched(tmp_path, max_trials=4, seed=7).oracle.trials) == 4
    assert capsys.readouterr().out == ""
    assert {path: json.loads(path.read_text())["score"] for path in scores} == scores
    with pytest.raises(InputError, match="seed was 7 and is now 8"):
        searched(tmp_path, max_trials=4, seed=8)


@pytest.mark.parametrize("number", [0, -1])
def test_a_trial_without_an_execution_is_refused(number: int, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"^executions_per_trial is {number}: it must be at least 1$"):
        tuner(tmp_path, executions_per_trial=number)
    assert not list(tmp_path.iterdir())
