"""`--set`: what each form makes of a hyperparameter. Malformed ones are in test_bad_input.py."""

import keras_tuner
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from keras_search import search_spaces
from keras_search.search_spaces import Hyperparameter
from keras_search.search_spaces.space import Value
from keras_search.tuner import InputError
from keras_search.tuner.command.overrides import narrow, sampled

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


def test_both_values_of_a_boolean_leave_it_one() -> None:
    augment = Hyperparameter("Boolean", "augment", False, values=(True, False))
    assert narrowed("augment=true,False", [augment]) == augment


def test_the_end_of_a_range_may_be_rounded_and_nothing_else() -> None:
    dropout = Hyperparameter("Float", "dropout", 0.1, 0.1, 3 * 0.1)
    assert narrowed("dropout=0.3", [dropout]).default == 0.3
    assert narrowed("dropout=0.3000000000000001", [dropout]).default == 3 * 0.1
    rate = Hyperparameter("Float", "rate", 1e-3, 1e-10, 1.0, sampling="log")
    for text in ("rate=-5e-10", "rate=0:1", "rate=0"):
        with pytest.raises(InputError, match=r"is outside rate's range 1e-10\.\.1 \(log\)"):
            narrow([rate], [text])


def test_a_number_of_a_choice_may_be_written_in_any_way() -> None:
    rate = Hyperparameter("Choice", "rate", 1e-3, values=(1e-2, 1e-3, 1e-4))
    assert narrowed("rate=1e-3,.0001", [rate]).values == (1e-3, 1e-4)


def test_a_value_may_hold_a_comma() -> None:
    layers = Hyperparameter("Choice", "layers", "64", values=("64", "64,32", "128,64"))
    assert narrowed("layers=64,32", [layers]).values == ("64,32",)


WHOLE = st.integers(-(10**6), 10**6)
REAL = st.floats(-1e6, 1e6, allow_subnormal=False)
POSITIVE = st.floats(1e-12, 1e6)
WORDS = st.text(st.characters(categories=["L", "Nd", "P", "S"]), min_size=1, max_size=4)
bounded = settings(max_examples=300, deadline=None, derandomize=True)


@st.composite
def hyperparameters(draw: st.DrawFn) -> Hyperparameter:
    """A hyperparameter as a space may declare it."""
    kind = draw(st.sampled_from(["Int", "Float", "Choice", "Boolean", "Fixed"]))
    name = draw(st.sampled_from(["units", "a b", "dense/units", "größe"]))
    if kind in ("Int", "Float"):
        sampling = draw(st.sampled_from(["linear", "log", "reverse_log"]))
        values = WHOLE if kind == "Int" else REAL
        if sampling != "linear":
            values = st.integers(1, 10**6) if kind == "Int" else POSITIVE
        low, default, high = sorted(draw(st.tuples(values, values, values)))
        step = draw(st.none() | (st.integers(2, 50) if kind == "Int" else st.floats(1.1, 50)))
        assume(low < high)
        return Hyperparameter(kind, name, default, low, high, step, sampling)
    if kind == "Boolean":
        return Hyperparameter(kind, name, draw(st.booleans()), values=(True, False))
    of_one_kind = [st.lists(one, min_size=1, max_size=4, unique=True) for one in (WHOLE, REAL, WORDS)]
    values = draw(st.one_of(of_one_kind))[: 1 if kind == "Fixed" else None]
    return Hyperparameter(kind, name, draw(st.sampled_from(values)), values=tuple(values))


def as_sampled(declared: Hyperparameter, narrowed: Hyperparameter) -> keras_tuner.engine.hyperparameters.HyperParameter:
    """What Keras Tuner samples of `declared`, narrowed."""
    hp, name = keras_tuner.HyperParameters(), declared.name
    if declared.is_numeric:
        bounds = (declared.min_value, declared.max_value, declared.step, declared.sampling)
        getattr(hp, declared.kind)(name, *bounds, default=declared.default)
    elif declared.kind == "Choice":
        hp.Choice(name, list(declared.values), default=declared.default)
    else:
        getattr(hp, declared.kind)(name, declared.default)
    [one] = sampled(hp, [narrowed]).space
    return one


def drawn(declared: Hyperparameter, override: str) -> list[Value]:
    """The default, and values drawn, of `declared` where it is narrowed by `override`."""
    one = as_sampled(declared, narrowed(override, [declared]))
    return [one.default, *(one.random_sample(seed) for seed in range(10))]


@bounded
@given(hyperparameters(), st.data())
def test_what_is_drawn_of_a_part_is_in_it(declared: Hyperparameter, data: st.DataObject) -> None:
    assume(declared.is_numeric)
    inside = (st.integers if declared.kind == "Int" else st.floats)(declared.min_value, declared.max_value)
    low, high = sorted(data.draw(st.tuples(inside, inside)))
    assume(low < high)
    steps = st.integers(1, 2 * 10**6) if declared.kind == "Int" else st.floats(1e-3, 1e6)
    step = data.draw(st.none() | steps.filter(lambda step: declared.sampling == "linear" or step > 1))
    override = f"{declared.name}={low}:{high}" if step is None else f"{declared.name} = {low} : {high} : {step}"
    for value in drawn(declared, override):
        assert type(value) is (int if declared.kind == "Int" else float)
        slack = 1e-9 * abs(value)  # Keras Tuner's logarithms
        assert low - slack <= value <= high + slack


@bounded
@given(hyperparameters(), st.data())
def test_what_is_drawn_of_a_list_is_on_it(declared: Hyperparameter, data: st.DataObject) -> None:
    one = st.sampled_from(declared.values)
    if declared.is_numeric:
        one = (st.integers if declared.kind == "Int" else st.floats)(declared.min_value, declared.max_value)
    listed = data.draw(st.lists(one, min_size=1, max_size=3, unique=True))
    assume(len(listed) == 1 or not any("," in str(value) for value in listed))
    values = drawn(declared, f"{declared.name}={','.join(map(str, listed))}")
    assert {(type(value), value) for value in values} <= {(type(value), value) for value in listed}


@bounded
@given(hyperparameters(), st.data())
def test_any_text_is_taken_or_refused_in_a_line(declared: Hyperparameter, data: st.DataObject) -> None:
    numbers = st.sampled_from(["1", "-1", "0", "1e-9", "1e999", "nan", "inf", "9" * 400, "0x10", "1_0", " ", ""])
    texts = st.text(st.characters(exclude_categories=()), max_size=6)
    text = data.draw(st.lists(numbers | texts | st.sampled_from([":", ","]), max_size=5).map("".join))
    override = data.draw(st.sampled_from([f"{declared.name}=", ""])) + text
    refused = ""
    try:
        [one] = narrow([declared], [override])
    except InputError as error:
        refused = str(error)
    if refused:
        assert refused.startswith(f"overrides {override!r}: ")
    else:
        assert isinstance(one.range, str)
        as_sampled(declared, one).random_sample()
