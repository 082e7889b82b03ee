"""A run that is gone on with: for the same question, for another objective, for another question; by several tuners."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest
from keras_tuner import oracles as theirs

from keras_search import results
from keras_search.results.reading import trial_rows
from keras_search.tuner import InputError, Tuner
from tests.conftest import mostly_slow, tree

RNG = np.random.default_rng(0)
X, Y = RNG.random((48, 4), dtype="float32"), RNG.integers(0, 2, 48)


class Instant(keras_tuner.HyperModel):
    """Its scores are worked out, not trained for."""

    def __init__(self, declare: Callable[[keras_tuner.HyperParameters], Any], baseline: dict | None = None) -> None:
        super().__init__()
        self.declare = declare
        self.baseline = baseline

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        self.declare(hp)
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> dict[str, float]:
        score = float(sum(value for value in hp.values.values() if isinstance(value, int | float)))
        return {"val_accuracy": score, "val_loss": 1 - score}


class Asks(Instant):
    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> dict[str, float]:
        hp.Int("batch", 8, 64)
        return super().fit(hp, model)


def units(hp: keras_tuner.HyperParameters) -> None:
    hp.Int("units", 1, 64)
    hp.Choice("kind", ["flat", "deep"])


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


def tuner(folder: Path, **arguments: Any) -> Tuner:
    settings = {"hypermodel": Instant(units), "max_trials": 3, "workers": 0, "directory": folder, "project_name": "run"}
    return Tuner(**settings | arguments)


def searched(folder: Path, **arguments: Any) -> Tuner:
    made = tuner(folder, **arguments)
    made.search(verbose=0)
    return made


OBJECTIVE = "val_accuracy"
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


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("done")
    searched(folder)
    return folder


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


def trained(hp: keras_tuner.HyperParameters) -> keras.Model:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, "softmax")])
    rate = hp.Choice("rate", [3.0, 0.3, 0.05])
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(folder: Path, objective: Any, **arguments: Any) -> Tuner:
    made = tuner(folder, hypermodel=trained, oracle="grid", objective=objective, max_trials=2, **arguments)
    made.search(X, Y, epochs=3, validation_data=(X, Y), verbose=0)
    return made


@pytest.mark.slow
@pytest.mark.parametrize("executions", [1, 2])
def test_another_objective_scores_the_trials_anew(
    executions: int, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    train(tmp_path, "val_loss", executions_per_trial=executions)
    old = results.read(tmp_path / "run").trials
    only_read = tuner(tmp_path, hypermodel=trained, oracle="grid", objective="val_accuracy:min")
    assert results.read(tmp_path / "run").trials.equals(old), "reading changes nothing"
    assert only_read.oracle.get_best_trials()[0].score < old["val_accuracy"].max()
    assert "searched for val_loss:min: 2 trials scored anew, for val_accuracy:min" in capsys.readouterr().out
    made = train(tmp_path, "val_accuracy", executions_per_trial=executions)
    assert "val_loss:min: 2 trials scored anew, for val_accuracy:max" in capsys.readouterr().out
    run = results.read(tmp_path / "run")
    assert (run.objective.name, run.objective.direction) == ("val_accuracy", "max")
    fresh = train(tmp_path / "fresh", "val_accuracy", executions_per_trial=executions)
    expected = results.read(tmp_path / "fresh" / "run").trials
    for column in ("score", "val_accuracy", "val_loss", "accuracy", "loss", "best_epoch"):
        assert run.trials[column].tolist() == pytest.approx(expected[column].tolist()), column
    steps = [trial.best_step for trial in fresh.oracle.trials.values()]
    assert [trial.best_step for trial in made.oracle.trials.values()] == steps
    # The weights that were kept were those of another epoch.
    for ours, theirs_ in zip(made.get_best_models(2), fresh.get_best_models(2), strict=True):
        for one, other in zip(ours.get_weights(), theirs_.get_weights(), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-6)
    train(tmp_path, "val_accuracy", executions_per_trial=executions)
    assert "anew" not in capsys.readouterr().out


def test_several_objectives_and_back(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    loss = [trial.score for trial in train(tmp_path, "val_loss").oracle.trials.values()]
    several = train(tmp_path, ["val_loss", "val_accuracy"])
    curves = results.read(tmp_path / "run").epochs
    sums = (curves["val_loss"] - curves["val_accuracy"]).groupby(curves["trial_id"]).min()
    assert [trial.score for trial in several.oracle.trials.values()] == pytest.approx(sums.tolist())
    capsys.readouterr()
    train(tmp_path, ["val_accuracy", "val_loss"])
    assert "anew" not in capsys.readouterr().out, "their order does not matter"
    assert [trial.score for trial in train(tmp_path, "val_loss").oracle.trials.values()] == pytest.approx(loss)


def test_scores_that_fit_worked_out_are_ranked_by_another_of_them(tmp_path: Path) -> None:
    accuracies = [trial.score for trial in searched(tmp_path).oracle.trials.values()]
    losses = [trial.score for trial in searched(tmp_path, objective="val_loss").oracle.trials.values()]
    assert losses == pytest.approx([1 - accuracy for accuracy in accuracies])


@pytest.mark.parametrize("objective", ["val_auc", None, ["val_loss", "val_auc"]])
def test_an_objective_that_was_not_kept_is_refused_before_anything_is_done(objective: Any, done: Path) -> None:
    before = tree(done)
    said = r"objective was val_accuracy:max and is now [^\n]*not among the metrics that were kept of 3 trials; [^\n]*"
    with pytest.raises(InputError, match=f"^[^\n]*{said}overwrite=True$"):
        tuner(done, objective=objective)
    assert tree(done) == before


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


def points(made: Tuner) -> list[dict[str, Any]]:
    return [trial.hyperparameters.values for trial in made.oracle.trials.values()]


def test_of_two_tuners_each_has_its_own_trials_where_both_overwrite(tmp_path: Path) -> None:
    one, two = (tuner(tmp_path, overwrite=True, **more) for more in ({"seed": 1}, {"seed": 2, "oracle": "bayesian"}))
    one.search(verbose=0)
    of_one = points(one)
    one.search(verbose=0)
    assert points(one) == of_one
    assert len(one.get_best_models(3)) == 3
    two.search(verbose=0)
    assert len(points(two)) == 3
    assert points(two)[1:] != of_one[1:]
    of_two = tree(tmp_path)
    two.search(verbose=0)
    assert len(two.get_best_models(3)) == 3
    for use in (one.search, one.get_best_models, lambda: one.load_model(one.oracle.get_best_trials()[0])):
        with pytest.raises(InputError, match=r"^run '[^\n]*' has been overwritten or deleted since[^\n]*$"):
            use()
    assert tree(tmp_path).keys() == of_two.keys()
    assert len(one.get_best_hyperparameters(3)) == 3, "what it knows itself"


def test_of_two_tuners_the_second_goes_on_with_the_same_and_is_refused_another(tmp_path: Path) -> None:
    first, same, other = tuner(tmp_path), tuner(tmp_path, max_trials=4), tuner(tmp_path, seed=5)
    first.search(verbose=0)
    same.search(verbose=0)
    assert points(same)[:3] == points(first)
    with pytest.raises(InputError, match="seed was 0 and is now 5"):
        other.search(verbose=0)
    assert points(other) == []
    assert len(first.get_best_models(1)) == 1


def test_overwriting_deletes_a_run_and_nothing_else(tmp_path: Path) -> None:
    searched(tmp_path)
    made = tuner(tmp_path, overwrite=True)
    assert made.remaining_trials == 3
    assert not trial_rows.trial_directories(tmp_path / "run"), "as in Keras Tuner"
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("words")
    with pytest.raises(InputError, match=r"overwrite=True would delete '[^\n]*thesis', which is no run"):
        tuner(tmp_path, project_name="thesis", overwrite=True)
    assert (tmp_path / "thesis" / "chapter.tex").read_text() == "words"
