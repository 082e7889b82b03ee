"""What cannot go to another process is told by the name under which its user knows it, with the reason."""

import functools
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from keras_search.tuner import keras_private
from keras_search.tuner.transport import obstacles
from tests.tuner.transport.test_parcels import made

GENERATOR = "TypeError: cannot pickle 'generator' object"

SCRIPT = """
import keras_tuner

reader = (number for number in range(3))
table = {"first": [1, reader]}

def read():
    return next(reader)

def build(hp):
    return read()

def nested(hp):
    return [next(reader) for _ in range(2)]

def of_table(hp):
    return table

def closing(opened):
    return lambda hp: opened

class Model(keras_tuner.HyperModel):
    def __init__(self, source=None):
        super().__init__()
        self.source = source

    def build(self, hp):
        return self.source

class Reads(keras_tuner.HyperModel):
    def build(self, hp):
        return read()
"""


def found(part: Any) -> str | None:
    return obstacles.find({obstacles.HYPERMODEL: part})


CASES: dict[str, tuple[Callable[[], Any], str]] = {
    "a function it calls": (lambda: made(SCRIPT, "build"), "the variable `reader` that `read` uses"),
    "a comprehension": (lambda: made(SCRIPT, "nested"), "the variable `reader` that `nested` uses"),
    "inside a variable": (lambda: made(SCRIPT, "of_table"), "the variable `table` that `of_table` uses"),
    "a closure": (
        lambda: made(SCRIPT, "closing")(iter(made(SCRIPT, "reader"))),
        "the variable `opened` that `<lambda>` uses",
    ),
    "an attribute": (lambda: made(SCRIPT, "Model")(made(SCRIPT, "reader")), "the attribute `source` of the hypermodel"),
    "a method": (lambda: made(SCRIPT, "Reads")(), "the variable `reader` that `read` uses"),
    "a wrapped function": (
        lambda: keras_private.get_hypermodel(made(SCRIPT, "build")),
        "the variable `reader` that `read` uses",
    ),
    "a partial": (lambda: functools.partial(made(SCRIPT, "build")), "the variable `reader` that `read` uses"),
}


@pytest.mark.parametrize("name", CASES)
def test_the_variable_or_the_attribute_is_named(name: str) -> None:
    make, told = CASES[name]
    assert found(make()) == f"{told} cannot go to worker processes ({GENERATOR})"


def test_an_argument_is_named_with_what_in_it_cannot_go() -> None:
    class Recorder:
        def __init__(self) -> None:
            self.database = sqlite3.connect(":memory:")

    parts = {"the hypermodel": int, "the argument `callbacks`": [1, Recorder()], "the argument `x`": 3}
    assert obstacles.find(parts) == (
        "the attribute `database` of a Recorder in the argument `callbacks` cannot go to worker processes "
        "(TypeError: cannot pickle 'sqlite3.Connection' object)"
    )
    assert obstacles.find({"the argument `x`": made(SCRIPT, "reader")}) == (
        f"the argument `x` cannot go to worker processes ({GENERATOR})"
    )


def test_nothing_is_said_of_what_can_go() -> None:
    assert found(made(SCRIPT, "Model")(3)) is None
