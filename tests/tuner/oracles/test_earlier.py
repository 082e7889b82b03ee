"""Where the points and scores of earlier runs are in a search's own space and on its own scale."""

from typing import Any

import keras_tuner
import pytest

from keras_search.tuner.oracles.earlier import EarlierTrial, Placed, on_scale, placed, told


def space() -> keras_tuner.HyperParameters:
    hp = keras_tuner.HyperParameters()
    hp.Int("units", 8, 64, step=8)
    hp.Float("rate", 0.001, 0.1, sampling="log", default=0.01)
    hp.Boolean("norm")
    hp.Fixed("depth", 3)
    hp.Choice("optimizer", ["adam", "sgd"])
    with hp.conditional_scope("optimizer", ["sgd"]):
        hp.Float("momentum", 0.0, 0.9, default=0.5)
    return hp


WHOLE = {"units": 16, "rate": 0.05, "norm": True, "depth": 3, "optimizer": "adam"}


@pytest.mark.parametrize(
    ("values", "point", "moved"),
    [
        (WHOLE, WHOLE, ()),
        (WHOLE | {"units": 17, "depth": 7}, WHOLE, ()),
        (WHOLE | {"units": 90, "rate": 1}, WHOLE | {"units": 64, "rate": 0.1}, ("units", "rate")),
        (WHOLE | {"momentum": 0.3, "else": 1}, WHOLE, ()),
        (WHOLE | {"optimizer": "sgd"}, WHOLE | {"optimizer": "sgd", "momentum": 0.7}, ()),
        ({"rate": 0.05}, WHOLE | {"units": 24, "norm": False}, ()),
    ],
)
def test_a_point_is_completed_with_the_baseline_and_moved_into_the_space(
    values: dict[str, Any], point: dict[str, Any], moved: tuple[str, ...]
) -> None:
    place = placed(values, space().space, {"units": 24, "momentum": 0.7, "rate": 0.02})
    assert place == Placed(point, moved)


@pytest.mark.parametrize(
    ("name", "value"), [("optimizer", "rmsprop"), ("units", "many"), ("norm", "yes"), ("rate", float("nan"))]
)
def test_a_point_with_a_value_that_is_no_place_of_the_space_is_in_none(name: str, value: Any) -> None:
    assert placed(WHOLE | {name: value}, space().space, {}) == name


def test_only_trials_in_the_space_are_told() -> None:
    trials = [EarlierTrial(WHOLE | changed, 0.5) for changed in ({"units": 32}, {"units": 90}, {"optimizer": "lion"})]
    [(trial, standing)] = told(trials, space(), {})
    assert (trial.hyperparameters.values, trial.status, standing) == (WHOLE | {"units": 32}, "COMPLETED", 0.5)


def test_a_score_stands_among_those_of_the_search_as_it_did_among_its_own() -> None:
    assert on_scale([0.9, 0.5, 0.1], [0.2, 0.4, 0.6], "max") == pytest.approx([0.56, 0.4, 0.24])
    assert on_scale([0.9, 0.5, 0.1], [0.2, 0.4, 0.6], "min") == pytest.approx([0.24, 0.4, 0.56])
    assert on_scale([0.9, 0.1], [], "max") == [0.9, 0.1]
    assert on_scale([0.9, 0.25], [], "min") == pytest.approx([0.1, 0.75])
