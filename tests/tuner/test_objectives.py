"""What a search optimises: its direction, several at once, and metrics that are no single number."""

from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest
from keras_tuner.oracles import RandomSearchOracle

from keras_search import results
from keras_search.tuner import SearchError, Tuner, objectives
from keras_search.tuner.errors import InputError
from tests.helpers import mostly_slow

RNG = np.random.default_rng(0)
X = RNG.random((48, 4), dtype="float32")
Y = keras.utils.to_categorical(X[:, 0] > 0.5, 2)
Objective = keras_tuner.Objective


class NoNumber(keras.metrics.CategoricalAccuracy):
    """As a correlation with what never varies."""

    def result(self) -> Any:
        return super().result() * float("nan")


def of_metrics(*metrics: Any) -> Any:
    def build(hp: keras_tuner.HyperParameters) -> keras.Model:
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, "softmax")])
        own = [one if isinstance(one, str) else type(one).from_config(one.get_config()) for one in metrics]
        rate = hp.Choice("rate", [0.01, 1e-6])
        model.compile(keras.optimizers.Adam(rate), "categorical_crossentropy", metrics=own)
        return model

    return build


def tuner(folder: Path, hypermodel: Any, objective: Any, **arguments: Any) -> Tuner:
    arguments = {"max_trials": 1, "workers": 0, "directory": folder, "project_name": "run"} | arguments
    return Tuner(hypermodel, objective, **arguments)


def searched(made: Tuner, epochs: int = 2) -> results.Run:
    made.search(X, Y, epochs=epochs, validation_data=(X, Y), verbose=0)
    return results.read(made.project_dir)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("val_f1_score", "val_f1_score:max"),
        ("val_r2_score", "val_r2_score:max"),
        ("val_cosine_similarity", "val_cosine_similarity:max"),
        ("val_digit_accuracy", "val_digit_accuracy:max"),
        ("val_digit_loss", "val_digit_loss:min"),
        ("val_mean_io_u", "val_mean_io_u:max"),
        ("val_energy:max", "val_energy:max"),
        ("val_accuracy:min", "val_accuracy:min"),
        (Objective("val_f1_score", "min"), "val_f1_score:min"),
        (Objective("val_energy", "max"), "val_energy:max"),
        (["val_loss", "val_f1_score", Objective("energy", "min")], "val_loss:min, val_f1_score:max, energy:min"),
        (("val_energy:max",), "val_energy:max"),
        (None, "default_objective:min"),
    ],
)
def test_a_name_tells_its_direction_or_the_user_does(given: Any, meant: str, tmp_path: Path) -> None:
    assert objectives.text(tuner(tmp_path, of_metrics(), given).oracle.objective) == meant


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ("val_energy", InputError, r'keras_tuner\.Objective\(.val_energy., "max"\) or "val_energy:max"'),
        (["val_loss", "val_energy"], InputError, '"val_energy:max"'),
        ("val_loss:up", InputError, "objective is 'val_loss:up': write a metric such as val_accuracy, or NAME:min"),
        ("", InputError, "objective is '': write a metric"),
        (Objective("val_accuracy", "maximize"), InputError, "'maximize': give min or max"),
        ([], TypeError, r"objective is \[\]"),
        (["val_loss", None], TypeError, "objective is"),
        (7, TypeError, "objective is 7"),
    ],
)
def test_what_is_not_known_is_refused_in_one_line(given: Any, error: type, said: str, tmp_path: Path) -> None:
    with pytest.raises(error, match=f"^[^\n]*{said}[^\n]*$"):
        tuner(tmp_path, of_metrics(), given)
    assert not list(tmp_path.iterdir())


def test_what_keras_tuner_guessed_for_an_oracle_is_corrected_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    def direction(objective: Any) -> str:
        made = tuner(tmp_path, of_metrics(), None, oracle=RandomSearchOracle(objective, max_trials=1))
        return objectives.text(made.oracle.objective)

    assert direction("val_accuracy") == "val_accuracy:max"
    assert direction(Objective("val_f1_score", "min")) == "val_f1_score:min", "the user's own word"
    assert direction([Objective("val_f1_score", "min")]) == "val_f1_score:min"
    assert capsys.readouterr().out == ""
    assert direction("val_f1_score") == "val_f1_score:max"
    assert "taken for val_f1_score:max, where Keras Tuner takes it for val_f1_score:min" in capsys.readouterr().out
    assert direction(["val_loss", "val_f1_score"]) == "val_loss:min, val_f1_score:max"
    with pytest.raises(InputError, match="val_tversky:max"):
        direction("val_tversky")


@pytest.mark.slow
def test_the_largest_f1_score_is_the_best(tmp_path: Path) -> None:
    made = tuner(tmp_path, of_metrics(keras.metrics.F1Score("macro")), "val_f1_score", max_trials=2, oracle="grid")
    run = searched(made)
    assert run.objective.direction == "max"
    best = made.get_best_models()[0].evaluate(X, Y, verbose=0, return_dict=True)["f1_score"]
    assert best == pytest.approx(run.trials["score"].max())
    assert run.best["score"] == run.trials["score"].max() == pytest.approx(run.epochs["val_f1_score"].max())


@pytest.mark.parametrize("objective", ["val_f1_score", ["val_loss", "val_f1_score"]])
def test_a_metric_of_several_numbers_is_no_objective(objective: Any, tmp_path: Path) -> None:
    made = tuner(tmp_path, of_metrics(keras.metrics.F1Score()), objective, max_trials=5)
    said = r"the objective val_f1_score gives 2 numbers an epoch, and one is needed: [^\n]*average='macro'[^\n]*"
    with pytest.raises(SearchError, match=rf"^[^\n]*{said}$"):
        searched(made)
    assert len(made.oracle.trials) == 1


def test_a_metric_of_several_numbers_may_stand_beside_the_objective(tmp_path: Path) -> None:
    metrics = (keras.metrics.F1Score(), "accuracy")
    made = tuner(tmp_path, of_metrics(*metrics), "val_accuracy", executions_per_trial=2, tensorboard=True)
    run = searched(made)
    assert run.trials["status"].tolist() == ["COMPLETED"]
    assert run.problems == ()
    assert len(run.epochs) == 4
    assert run.epochs["val_accuracy"].notna().all()
    assert not made.oracle.trials["0"].metrics.exists("val_f1_score"), "a mean of several numbers says nothing"


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_metric_that_is_no_number_may_stand_beside_the_objective(tmp_path: Path) -> None:
    run = searched(tuner(tmp_path, of_metrics(NoNumber("no_number")), "val_loss"))
    assert run.trials["status"].tolist() == ["COMPLETED"]
    assert run.epochs["val_no_number"].isna().all()
    again = tuner(tmp_path, of_metrics(NoNumber("no_number")), "loss")
    assert again.oracle.get_best_trials()[0].score == pytest.approx(run.epochs["loss"].min())


def test_a_number_that_keras_gave_a_metrics_name_is_said(tmp_path: Path) -> None:
    made = tuner(tmp_path, of_metrics(keras.metrics.AUC()), "val_auc_3")
    [error] = searched(made).trials["error"]
    assert "the objective val_auc_3 is not among the metrics auc, loss, val_auc, val_loss: " in error
    assert error.endswith("write val_auc")


class ReturnsBoth(keras_tuner.HyperModel):
    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        return of_metrics("accuracy")(hp)

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> dict[str, Any]:
        history = model.fit(*args, **kwargs).history
        return {"val_loss": history["val_loss"][-1], "val_accuracy": history["val_accuracy"][-1], "each": [1.0, 2.0]}


@pytest.mark.parametrize("hypermodel", mostly_slow([of_metrics("accuracy"), ReturnsBoth()], 1))
def test_several_objectives_have_a_curve_and_a_score(hypermodel: Any, tmp_path: Path) -> None:
    run = searched(tuner(tmp_path, hypermodel, ["val_loss", "val_accuracy"], executions_per_trial=2))
    assert run.trials["status"].tolist() == ["COMPLETED"]
    [score] = run.trials["score"]
    sums = run.epochs["val_loss"] - run.epochs["val_accuracy"]
    by_execution = sums.groupby(run.epochs["execution"])
    expected = by_execution.last() if isinstance(hypermodel, ReturnsBoth) else by_execution.min()
    assert score == pytest.approx(expected.mean())
    assert run.epochs["multi_objective"].tolist() == pytest.approx(sums.tolist())


class ReturnsANumber(ReturnsBoth):
    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> float:
        return super().fit(hp, model, *args, **kwargs)["val_loss"]


def test_a_pruner_without_a_curve_says_that_it_ends_no_trial(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    for objective, said in ((None, 1), ("val_loss", 0)):
        made = tuner(tmp_path / str(objective), ReturnsANumber(), objective, pruner="median")
        made.search(X, Y, epochs=1, validation_data=(X, Y))
        assert capsys.readouterr().out.count("the pruner will end no trial: no epoch has default_objective:min") == said


def untrainable_from_the_sixth(hp: keras_tuner.HyperParameters) -> keras.Model:
    keras.utils.set_random_seed(3)  # all begin alike
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, "softmax", kernel_initializer="zeros")])
    rate = 0.1 if hp.Int("point", 0, 6) < 5 else 0.0
    model.compile(keras.optimizers.Adam(rate), "categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.mark.slow
def test_trials_of_several_objectives_are_pruned(tmp_path: Path) -> None:
    several = ["val_loss", "val_accuracy"]
    made = tuner(tmp_path, untrainable_from_the_sixth, several, oracle="grid", max_trials=7, pruner="median")
    made.search(X, Y, epochs=3, validation_data=(X, Y), shuffle=False, verbose=0)
    trials = results.read(made.project_dir).trials
    assert trials["pruned"].tolist() == [False] * 5 + [True] * 2
    assert trials["epochs_run"].tolist() == [3] * 5 + [2] * 2
