"""A tuner made to read a search back, with arguments as Keras Tuner takes them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import pytest

from keras_search.tuner import InputError, Tuner
from tests.helpers import mostly_slow, tree


class Instant(keras_tuner.HyperModel):
    """Its score is worked out."""

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        hp.Int("epochs", 1, 4)
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(hp.Int("units", 1, 64))])
        model.compile("sgd", "mse")
        return model

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> dict[str, float]:
        return {"val_accuracy": hp["units"] / 64}


def fails(hp: keras_tuner.HyperParameters) -> keras.Model:
    raise ValueError("the data are elsewhere")


def tuner(folder: Path, hypermodel: Any, **arguments: Any) -> Tuner:
    arguments = {"max_trials": 3, "workers": 0, "directory": folder, "project_name": "run"} | arguments
    return Tuner(hypermodel, **arguments)


@pytest.mark.parametrize("oracle", mostly_slow(["random", "grid", "hyperband", "tpe"], 1))
@pytest.mark.parametrize("dummy", mostly_slow([lambda: None, lambda hp: None, fails], 2))
def test_a_run_is_read_with_a_hypermodel_that_builds_nothing(
    dummy: Callable, oracle: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    done = tuner(tmp_path, Instant(), oracle=oracle)
    done.search(verbose=0)
    before = tree(tmp_path)
    found = tuner(tmp_path, dummy, oracle=oracle)
    assert found.get_best_hyperparameters()[0].values == done.get_best_hyperparameters()[0].values
    assert [trial.score for trial in found.oracle.get_best_trials(3)] == [
        trial.score for trial in done.oracle.get_best_trials(3)
    ]
    found.results_summary(1)
    assert f"Score: {found.oracle.get_best_trials()[0].score}" in capsys.readouterr().out
    assert found.remaining_trials == 0
    assert tree(tmp_path) == before
    with pytest.raises(InputError, match=r"^[^\n]+$"):
        found.search(verbose=0)
    if found._unbuilt is not None:
        with pytest.raises(
            InputError, match=r"^the hypermodel can be used to read results, not to build models: [^\n]+$"
        ):
            found.load_model(found.oracle.get_best_trials()[0])


def test_a_hypermodel_that_fails_is_said_so_where_there_is_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the data are elsewhere"):
        tuner(tmp_path, fails)
    tuner(tmp_path, Instant()).search(verbose=0)
    with pytest.raises(ValueError, match="the data are elsewhere"):
        tuner(tmp_path, fails, overwrite=True)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "hypermodel is None: give a keras_tuner.HyperModel, or a function"),
        ("model", "hypermodel is 'model': give"),
        (Instant, "hypermodel is the class Instant, and no object of it: give"),
        (keras.Sequential([keras.Input((1,))]), "hypermodel is <Sequential"),
    ],
)
def test_what_is_no_hypermodel_is_refused_in_one_line(given: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=rf"^{said}[^\n]*$"):
        tuner(tmp_path, given)
    assert not list(tmp_path.iterdir())


def test_what_is_none_means_what_it_means_in_keras_tuner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tuner(None, Instant(), project_name=None, max_trials=1).search(verbose=0)
    assert (tmp_path / "untitled_project" / "trial_0" / "trial.json").is_file()
    Tuner(Instant(), max_trials=1, workers=0).search(verbose=0)
    assert (tmp_path / "runs" / "untitled" / "trial_0" / "trial.json").is_file()


def test_a_chief_that_the_environment_names_is_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("KERASTUNER_ORACLE_IP", "192.0.2.1")  # an address of nobody's
    monkeypatch.setenv("KERASTUNER_ORACLE_PORT", "8000")
    monkeypatch.setenv("KERASTUNER_TUNER_ID", "worker7")
    made = tuner(tmp_path, Instant(), max_trials=2)
    made.search(verbose=0)
    assert capsys.readouterr().out == (
        "KERASTUNER_ORACLE_IP, KERASTUNER_ORACLE_PORT, KERASTUNER_TUNER_ID in the environment: ignored, trials run at "
        "once by `workers` and without a chief\n"
    )
    assert len(made.oracle.trials) == len(tuner(tmp_path, Instant(), max_trials=2).oracle.trials) == 2
    assert (tmp_path / "run" / "tuner0.json").is_file()
