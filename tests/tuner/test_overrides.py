"""`--set`: what each form makes of a hyperparameter. Malformed ones are in test_bad_input.py."""

import pytest

import search_spaces
from search_spaces import Hyperparameter
from tuner.overrides import narrow

SPACE = search_spaces.get("baseline_cnn").hyperparameters


def narrowed(override: str, among: list[Hyperparameter] = SPACE) -> Hyperparameter:
    result = narrow(among, [override])
    assert [one.name for one in result] == [one.name for one in among]
    name = override.partition("=")[0].strip()
    assert [one for one in result if one.name != name] == [one for one in among if one.name != name]
    return next(one for one in result if one.name == name)


def test_a_value_is_fixed() -> None:
    one = narrowed("filters=16")
    assert (one.kind, one.values, one.default) == ("Fixed", (16,), 16)


def test_a_range_keeps_the_declared_step() -> None:
    one = narrowed("filters = 16:32")
    assert (one.kind, one.min_value, one.max_value, one.step, one.default) == ("Int", 16, 32, 4, 28)


def test_a_range_with_a_step() -> None:
    one = narrowed("dropout=0.3:0.6:0.15")
    assert (one.kind, one.min_value, one.max_value, one.step, one.default) == ("Float", 0.3, 0.6, 0.15, 0.3)


def test_a_list_is_a_choice() -> None:
    one = narrowed("filters=8,28,64")
    assert (one.kind, one.values, one.default) == ("Choice", (8, 28, 64), 28)


def test_choices_and_booleans() -> None:
    optimizer = Hyperparameter("Choice", "optimizer", "adam", values=("adam", "sgd", "rmsprop"))
    augment = Hyperparameter("Boolean", "augment", False, values=(True, False))
    assert narrowed("optimizer=sgd,rmsprop", [optimizer]).values == ("sgd", "rmsprop")
    assert narrowed("augment=true", [augment]).values == (True,)
    with pytest.raises(ValueError, match="'lion' is not one of optimizer's values: adam, sgd, rmsprop"):
        narrow([optimizer], ["optimizer=lion"])


def test_a_log_step_is_a_ratio() -> None:
    rate = Hyperparameter("Float", "rate", 1e-3, 1e-5, 1e-1, sampling="log")
    one = narrowed("rate=1e-4:1e-2:10", [rate])
    assert (one.min_value, one.max_value, one.step, one.sampling) == (1e-4, 1e-2, 10, "log")
    with pytest.raises(ValueError, match=r"STEP is 0\.5: it must be above 1"):
        narrow([rate], ["rate=1e-4:1e-2:0.5"])
