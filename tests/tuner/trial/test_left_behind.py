"""What a trial changes of the user's objects is found, and nothing else is taken for it."""

import collections
import functools
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pandas as pd
import pytest

from keras_search.tuner.trial import left_behind

SCRIPT = """
import collections, functools, random
import numpy as np
import keras, keras_tuner
import helper

histories, counts, best, tries, names = [], {"fits": 0}, None, 0, set()
by_units = collections.defaultdict(list)
out_of_fold = np.zeros(100_000)
untouched, unnamed = [1, float("nan")], []
rng, generator = random.Random(0), np.random.default_rng(0)
deque = collections.deque()

@functools.lru_cache
def cached(units):
    return units

def train(units):
    global best, tries
    histories.append(units)
    counts["fits"] += 1
    by_units[units].append(1)
    names.add("a")
    deque.append(units)
    tries += 1
    best = keras.Sequential()
    out_of_fold[500:9_000] = 1
    helper.results.append(rng.random() + generator.random() + cached(units) + len(untouched))

class Base(keras_tuner.HyperModel):
    shared = []

class Model(Base):
    count = 0
    def __init__(self):
        super().__init__()
        self.best_loss, self.scale, self.layers, self.never = None, np.float32(255), ["a"], []
        self.tracker = Tracker()
        self.model = self.build(None)

    def build(self, hp):
        self.scale, self.layers, self.model = np.float32(255), ["a"], keras.Sequential()
        return self.model

    def fit(self, hp, model, *args, **kwargs):
        self.best_loss = 0.5
        self.count += 1
        self.history = keras.callbacks.History()
        self.shared.append(1)
        self.tracker.add(3)

class Tracker:
    def __init__(self):
        self.scores = {"all": []}
    def add(self, score):
        self.scores["all"].append(score)

class Losses(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.losses = [self.model]

def captured():
    seen, number = [], 0
    def build(hp):
        nonlocal number
        number += 1
        seen.append(number)
        train(3)
    return build
"""


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """A module of the user's, and another that it imports."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "helper.py").write_text("results, others = [], []\n")
    (tmp_path / "script.py").write_text(SCRIPT)
    for name in ("helper", "script"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import script  # pyright: ignore[reportMissingImports]

    yield script
    for name in ("helper", "script"):
        sys.modules.pop(name, None)


def told(roots: list[Any], act: Callable[[], Any]) -> list[str]:
    before = left_behind.state(roots)
    assert before.is_whole
    act()
    return left_behind.changed(before, left_behind.state(roots))


OF_TRAIN = {"histories", "counts", "by_units", "names", "deque", "tries", "best", "out_of_fold"}


def test_what_functions_fill_is_named_wherever_it_is(script: types.ModuleType) -> None:
    build = script.captured()
    names = told([build], lambda: build(None))
    assert set(names) == {*(f"script.{name}" for name in OF_TRAIN), "helper.results", "seen", "number"}
    assert len(names) == len(set(names))
    script.best, script.out_of_fold, script.names = None, np.zeros(9_000), set()
    wrapped = functools.partial(functools.wraps(build)(lambda *arguments: build(*arguments)), None)
    assert set(told([wrapped], wrapped)) == set(names)
    again = set(names) - {"script.best", "script.out_of_fold", "script.names"}
    assert set(told([build], lambda: build(None))) == again, "a model in place of another is no news"


def test_attributes_of_the_hypermodel_and_of_its_class_are_named(script: types.ModuleType) -> None:
    model = script.Model()
    names = told([model], lambda: (model.build(None), model.fit(None, None)))
    assert set(names) == {"Model.best_loss", "Model.count", "Model.history", "Base.shared", "Tracker.scores"}
    assert told([model], lambda: model.build(None)) == []
    assert told([model], lambda: model.never.append(1)) == ["Model.never"]


def test_a_script_itself_has_no_name_before_its_variables(
    script: types.ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    script.__name__ = "__main__"
    assert set(told([script.train], lambda: script.train(1))) == {*OF_TRAIN, "helper.results"}
    script.__name__ = "space_of_a_file"  # which came by value
    assert "histories" in told([script.train], lambda: script.train(1))


def test_of_a_callback_what_keras_sets_is_no_change(script: types.ModuleType) -> None:
    losses = script.Losses()
    losses.losses = []

    def fit(hp: Any) -> None:
        losses.set_model(keras.Sequential())
        losses.set_params({"epochs": 3})

    fit.__globals__["__name__"]
    made = types.FunctionType(fit.__code__, {"__name__": "__main__", "keras": keras}, "fit", (), fit.__closure__)
    assert told([made], lambda: made(None)) == []
    assert told([made], losses.on_train_begin) == ["Losses.losses"]


class Odd:
    """Equal to nothing and everything, and not what it says."""

    __class__ = list  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        raise ValueError("the truth of this is ambiguous")

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


class Sneaky(dict):
    def items(self) -> Any:
        raise RuntimeError("not for you")


def reads(**variables: Any) -> Callable[[], Any]:
    """A function of a script that names all `variables`."""
    code = compile(f"lambda: ({', '.join(variables)},)", "/home/me/script.py", "eval")
    return eval(code, {"__name__": "__main__", **variables})


def test_no_object_is_asked_whether_it_equals_another() -> None:
    held = {
        "odd": Odd(),
        "array": np.arange(4.0),
        "tensor": keras.ops.ones(3),
        "frame": pd.DataFrame({"a": [1.0, float("nan")]}),
        "inside": [np.array([float("nan"), 1]), Odd(), {"x": np.float32("nan")}, {(1, "a"): {1, 2}}],
        "sneaky": Sneaky(a=1),
        "objects": np.array([None, {}], dtype=object),
        "itself": [],
    }
    held["itself"].append(held["itself"])
    function = reads(**held)
    assert told([function], function) == []
    for name, act in (
        ("array", lambda: held["array"].__setitem__(0, 9)),
        ("frame", lambda: held["frame"].__setitem__("b", 1)),
        ("inside", lambda: held["inside"][2].__setitem__("y", 1)),
        ("inside", lambda: held["inside"][3][1, "a"].add(7)),
        ("sneaky", lambda: held["sneaky"].__setitem__("b", 1)),
    ):
        assert told([function], act) == [name]


def test_it_takes_no_time_however_much_there_is() -> None:
    class Node:
        def __init__(self, depth: int) -> None:
            self.children = [Node(depth - 1) for _ in range(9)] if depth else []

    huge = {
        "numbers": list(range(2_000_000)),
        "deep": {number: [list(range(100))] * 100 for number in range(3_000)},
        "array": np.zeros(50_000_000, dtype="int8"),
        "nodes": Node(4),
        "text": "x" * 10_000_000,
    }
    function = reads(**huge)
    began = time.process_time()
    before = left_behind.state([function])
    assert time.process_time() - began < 1
    huge["numbers"].append(1)
    assert left_behind.changed(before, left_behind.state([function])) == ["numbers"]


def test_much_data_hides_nothing(script: types.ModuleType) -> None:
    data = [[[float(number)] * 20 for number in range(100)] for _ in range(200)]
    model = script.Model()
    model.fit_on = reads(data=data, named={"deep": [model]})
    del model.tracker
    names = told([model.fit_on], lambda: (setattr(model, "best_loss", 1.0), setattr(model, "history", {})))
    assert names == ["Model.best_loss", "Model.history"]


def test_what_is_not_the_users_is_not_looked_at(script: types.ModuleType) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    counter = collections.Counter()
    function = reads(model=model, keras=keras, np=np, cached=script.cached, layer=model.layers[0])
    assert (
        told([function, counter], lambda: (model.fit(np.ones((4, 2)), np.ones(4), verbose=0), script.cached(1))) == []
    )
    assert told([keras_tuner.HyperModel(), None, 3], lambda: None) == []
