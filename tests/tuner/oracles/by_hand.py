"""Oracles that are asked and told by hand: no model is trained."""

import importlib.util
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras_tuner
import numpy as np
import pytest

from keras_search.results import layout
from keras_search.tuner import oracles

_MARKS = {"gp": pytest.mark.skipif(not importlib.util.find_spec("torch"), reason="needs PyTorch")}
NAMES = [pytest.param(name, marks=_MARKS.get(name, ())) for name in oracles.ORACLES]
TRIALS = 14


def space() -> keras_tuner.HyperParameters:
    """Every kind of hyperparameter that Keras Tuner has, with conditions on two levels."""
    hp = keras_tuner.HyperParameters()
    hp.Int("width", 8, 64, step=8, default=16)
    hp.Int("units", 1, 1000, sampling="log", default=10)
    hp.Int("power", 2, 32, step=2, sampling="log", default=4)
    hp.Float("rate", 1e-4, 1e-1, sampling="log", default=1e-3)
    hp.Float("reverse", 0.1, 0.99, sampling="reverse_log", default=0.5)
    hp.Float("dropout", 0.0, 0.5, step=0.1, default=0.2)
    hp.Choice("size", [16, 32, 64], default=32)
    hp.Boolean("norm")
    hp.Fixed("depth", 3)
    hp.Choice("optimizer", ["adam", "sgd"])
    with hp.conditional_scope("optimizer", ["sgd"]):
        hp.Boolean("nesterov")
        with hp.conditional_scope("nesterov", [True]):
            hp.Float("momentum", 0.5, 0.9, step=0.1)
    hp.Int("epochs", 1, 9, default=1)
    return hp


def every_range() -> keras_tuner.HyperParameters:
    """Every kind of hyperparameter under every sampling, at the ends of what may be declared."""
    hp = keras_tuner.HyperParameters()
    for sampling in ("linear", "log", "reverse_log"):
        hp.Int(f"int {sampling}", 1, 100, sampling=sampling)
        hp.Int(f"int {sampling} of one", 7, 7, sampling=sampling)
        hp.Int(f"int {sampling} of two", 1, 2, sampling=sampling)
        hp.Int(f"int {sampling} in steps", 3, 100, step=3, sampling=sampling)
        hp.Int(f"int {sampling} without end", 1, 2 ** (40 if sampling == "reverse_log" else 62), sampling=sampling)
        hp.Float(f"float {sampling}", 1e-4, 0.3, sampling=sampling)
        hp.Float(f"float {sampling} of one", 0.1, 0.1, sampling=sampling)
        hp.Float(f"float {sampling} in steps", 0.3, 0.9, step=1.1 if sampling != "linear" else 0.1, sampling=sampling)
        hp.Float(f"float {sampling}, tiny", 1e-300, 3e-300, sampling=sampling)
    hp.Int("int below 0", -9, -2, step=3)
    hp.Float("float below 0", -0.3, -0.1)
    hp.Float("float below 0 in steps", -1e-12, 1e-12, step=1e-13)
    hp.Choice("ints", [16, 32, 64])
    hp.Choice("unordered ints", [16, 32, 64], ordered=False)
    hp.Choice("floats", [0.5, math.inf, -math.inf, math.nan])
    hp.Choice("unordered floats", [0.5, math.inf, math.nan], ordered=False)
    hp.Choice("NumPy's", list(np.linspace(0, 1, 4)))
    hp.Choice("texts", ["b", "a", ""])
    hp.Choice("truths", [True, False])  # Keras Tuner makes 1 and 0 of them
    hp.Boolean("boolean")
    for value in (3, 0.5, "a", True):
        hp.Fixed(f"fixed {value}", value)
    for value in ("b", "a"):
        with hp.conditional_scope("texts", [value]):
            hp.Int("twice", ord(value), ord(value) + 5, sampling="reverse_log")
    hp.Int("epochs", 1, 9)
    return hp


def check_point(values: dict[str, Any], declared: keras_tuner.HyperParameters) -> None:
    """That `values` are of exactly the active hyperparameters, in Python's own types and in range."""
    hps = keras_tuner.HyperParameters()
    active = {}
    for hp in declared.space:
        hps.merge([hp])
        if hps.is_active(hp):
            active[hp.name] = hp
            hps.values[hp.name] = values[hp.name]
    assert active.keys() == {name for name in values if not name.startswith(layout.NOTE_PREFIX)}
    for name, hp in active.items():
        value, kind = values[name], type(hp).__name__
        of_kind = {"Int": int, "Float": float, "Boolean": bool}.get(kind) or type(next(iter(hp.values)))
        assert type(value) is {np.float64: float}.get(of_kind, of_kind), (name, value, type(value))
        if kind in ("Int", "Float"):
            assert hp.min_value <= value <= hp.max_value, (name, value)
            if hp.step is not None and hp._get_n_values() < 1000:
                near = 1e-9 * hp.step
                assert any(math.isclose(value, step, rel_tol=1e-9, abs_tol=near) for step in hp.values), (name, value)
        else:
            assert value in hp.values or value != value, (name, value)


def made(
    name: str,
    folder: Path,
    hp: keras_tuner.HyperParameters,
    trials: int = TRIALS,
    seed: int = 0,
    baseline: dict[str, Any] | None = None,
) -> Any:
    """The oracle called `name` for the space `hp`, on the run directory `folder / "run"`."""
    oracle = oracles.make(name, keras_tuner.Objective("val_accuracy", "max"), trials, seed, hp)
    return begun(oracle, folder, dict(hp.values) if baseline is None else baseline)


def begun(
    oracle: Any, folder: Path, baseline: dict[str, Any], declared: keras_tuner.HyperParameters | None = None
) -> Any:
    """`oracle` on the run directory `folder / "run"`, going on with what is there."""
    oracles.adopt(oracle, baseline, declared)
    oracle._set_project_dir(str(folder), "run")
    if (folder / "run" / layout.ORACLE).exists():
        oracle.reload()
    return oracle


def tell(oracle: Any, trial: Any, score: float | None) -> None:
    """Ends `trial`, failed where it has no score."""
    if score is not None:
        oracle.update_trial(trial.trial_id, {"val_accuracy": score})
    trial.status = "FAILED" if score is None else "COMPLETED"
    oracle.end_trial(trial)


def score(values: dict[str, Any]) -> float:
    """Of a point of `space`."""
    return 1 - abs(math.log10(values["rate"]) + 2) / 10 - abs(values["dropout"] - 0.3) - 0.1 * values["norm"]


def asked(
    oracle: Any, most: int | None = None, scored: Callable[[dict[str, Any]], float | None] = score
) -> list[dict[str, Any]]:
    """The points of the next trials, `most` or all there are, each told before the next is asked."""
    points: list[dict[str, Any]] = []
    while most is None or len(points) < most:
        trial = oracle.create_trial("tuner0")
        if trial.status != "RUNNING":
            break
        points.append(dict(trial.hyperparameters.values))
        tell(oracle, trial, scored(points[-1]))
    return points
