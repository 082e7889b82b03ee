"""Code of the user's that would end the process - SystemExit and its like - fails its trial, and no signal does."""

import os
import signal
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest

from keras_search.results.reading import trial_rows
from keras_search.results.reading.trial_rows import Row
from keras_search.search_spaces import SpaceError
from keras_search.tuner import Tuner
from tests.helpers import mostly_slow

X, Y = np.ones((8, 2), "float32"), np.ones(8, "float32")
ERRORS = {"exit": SystemExit(0), "interrupt": KeyboardInterrupt(), "generator": GeneratorExit("no more")}


class Ends(keras_tuner.HyperModel):
    """Ends as its hyperparameter says, `where` it says; not at its default."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self.where = where

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        self._end(hp.Choice("how", ["well", *ERRORS]), "build")
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> Any:
        self._end(hp["how"], "fit")
        if self.where == "callback":
            last = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: self._end(hp["how"], "callback"))
            kwargs["callbacks"] = [last, *kwargs["callbacks"]]
        return model.fit(*args, **kwargs)

    def _end(self, how: str, where: str) -> None:
        if where == self.where and how in ERRORS:
            raise ERRORS[how]


def rows(folder: Path) -> dict[str, Row]:
    found = map(trial_rows.read_trial, trial_rows.trial_directories(folder / "run"))
    return {row["hp_how"]: row for row in found}


def tuner(folder: Path, hypermodel: keras_tuner.HyperModel, trials: int) -> Tuner:
    return Tuner(hypermodel, "loss", trials, oracle="grid", workers=0, directory=folder, project_name="run")


@pytest.mark.slow
@pytest.mark.parametrize("where", mostly_slow(["fit", "build", "callback"], 1))
def test_its_trial_fails_and_says_so(where: str, tmp_path: Path) -> None:
    tuner(tmp_path, Ends(where), 4).search(X, Y, verbose=0)
    found = rows(tmp_path)
    assert found["well"]["status"] == "COMPLETED"
    said = {"exit": "SystemExit: 0", "interrupt": "KeyboardInterrupt", "generator": "GeneratorExit: no more"}
    for how, error in said.items():
        assert found[how]["status"] == "FAILED"
        assert found[how]["error"].startswith(f"{error} ({__file__}, line ")


def test_a_tuner_of_such_a_build_is_not_made(tmp_path: Path) -> None:
    class Exits(Ends):
        def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
            raise SystemExit

    with pytest.raises(SpaceError, match=r"^the hypermodel would end this process: SystemExit \(.*, line \d+\)$"):
        tuner(tmp_path, Exits("build"), 1)


class Stops(Ends):
    """A signal comes as it trains; its `fit` makes of it what it likes."""

    def __init__(self, number: int, answer: BaseException | None) -> None:
        super().__init__("nowhere")
        self.number = number
        self.answer = answer

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> Any:
        try:
            os.kill(os.getpid(), self.number)
        except KeyboardInterrupt:
            if self.answer is None:
                raise
            raise self.answer  # noqa: B904
        return model.fit(*args, **kwargs)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("answer", mostly_slow([SystemExit(1), None, KeyboardInterrupt(), ValueError("stopped")], 1))
def test_a_signal_stops_the_search_whatever_the_code_makes_of_it(
    number: int, answer: BaseException | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(KeyboardInterrupt) as raised:
        tuner(tmp_path, Stops(number, answer), 2).search(X, Y)
    assert raised.type is KeyboardInterrupt, "of a kind of it, Python ends the script as of any error"
    assert "\nstopped: 0 of 2 trials are done" in capsys.readouterr().out
    assert rows(tmp_path)["well"]["status"] == "RUNNING"
