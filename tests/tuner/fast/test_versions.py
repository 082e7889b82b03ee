"""Where the accelerations were not tried, none is used: Keras trains, and the search says so."""

import json
from pathlib import Path

import keras
import keras_tuner
import numpy as np
import pytest

from keras_search.tuner import Tuner
from keras_search.tuner.fast import operations, patches, versions
from tests.tuner.small_models import VALIDATION, X, Y, small_model


def test_the_keras_that_is_installed_was_tried() -> None:
    assert versions.why_none() is None, "CONTRIBUTING.md says how it is added"


@pytest.mark.parametrize(
    ("version", "why"),
    [
        ("3.15.99", None),
        ("3.99.0", "Keras is 3.99.0, and they were tried with 3.8 to 3.15 only"),
        ("3.150.0", "Keras is 3.150.0, and they were tried with 3.8 to 3.15 only"),
        ("4.15.0", "Keras is 4.15.0, and they were tried with 3.8 to 3.15 only"),
    ],
)
def test_any_patch_of_a_minor_version_that_was_tried_will_do(
    version: str, why: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keras, "__version__", version)
    assert versions.why_none() == why


@pytest.fixture(params=["version", "backend"])
def untried(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Why no acceleration is used."""
    if request.param == "backend":
        monkeypatch.setattr(keras.config, "backend", lambda: "jax")
        return "Keras runs on JAX, not on TensorFlow"
    monkeypatch.setattr(keras, "__version__", "3.99.0")
    return "Keras is 3.99.0, and they were tried with 3.8 to 3.15 only"


def test_a_model_is_trained_by_keras_alone(untried: str, calls: list[int]) -> None:
    plain, model = small_model(), small_model()
    patches.accelerate(model, seed=0)
    assert patches.status(model) == {"all": untried}
    assert all(vars(one).keys() == vars(other).keys() for one, other in zip(model.layers, plain.layers))
    assert vars(model.optimizer).keys() == vars(plain.optimizer).keys()
    histories = [
        one.fit(X, Y, epochs=2, shuffle=False, validation_data=VALIDATION, verbose=0).history for one in (plain, model)
    ]
    assert histories[0] == histories[1]
    assert not calls
    patches.restore(model)
    assert vars(model).keys() == vars(plain).keys()


def build(hp: keras_tuner.HyperParameters) -> keras.Model:
    hp.Int("number", 1, 9)
    return small_model()


@pytest.mark.slow
def test_a_search_says_it_once_and_goes_through(
    untried: str, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "_path", lambda: pytest.fail("nothing is compiled that is not used"))
    tuner = Tuner(build, max_trials=2, workers=0, directory=tmp_path, project_name="untried")
    tuner.search(X[:64], Y[:64], validation_data=VALIDATION, epochs=1)
    said = [line for line in capsys.readouterr().out.splitlines() if untried in line]
    assert said == [f"trials take longer, for no acceleration is used: {untried}"]
    for trial in ("0", "1"):
        record = json.loads((tmp_path / "untried" / f"trial_{trial}" / "record.json").read_text())
        assert record["error"] is None
        assert record["accelerations"] == {"all": untried}
    [best] = tuner.get_best_models()
    assert np.isfinite(best.evaluate(*VALIDATION, verbose=0)[0])
