"""However the files of a run are damaged, the reader says so and reads the rest."""

import contextlib
import copy
import functools
import io
import json
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from keras_search import results
from keras_search.results.reading.scales import varied
from keras_search.results.telling import sentences, tables

IDS = {"0", "1", "2"}
FILES = ["run.json", "oracle.json", "trial_1/trial.json", "trial_1/record.json", "trial_1/epochs.csv"]
OF_KERAS_TUNER = ["oracle.json", "trial_1/trial.json"]
ALL = [("search", name) for name in FILES] + [("project", name) for name in OF_KERAS_TUNER]

# Lone surrogates, which no text file can hold, and numbers that no 64-bit column can.
texts = st.text(st.characters(exclude_categories=()), max_size=8) | st.sampled_from(["\x1b[31m", "=1", "a\nb", "7"])
numbers = st.integers() | st.sampled_from([2**31, 2**63, 2**64, -(2**63) - 1, 10**400]) | st.floats()
json_values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
# The folder is restored after every example.
bounded = settings(
    max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def folders(run_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A finished search, and what Keras Tuner alone would have kept of it."""
    by_name = {name: tmp_path_factory.mktemp("damaged") / name for name in ("search", "project")}
    shutil.copytree(run_directory, by_name["search"], ignore=shutil.ignore_patterns("*.h5"))
    shutil.copytree(run_directory, by_name["project"], ignore=shutil.ignore_patterns("*.h5", "*.csv", "r*.json"))
    return by_name


def check(folder: Path, name: str, content: bytes) -> None:
    """Reads the run with `content` in the file `name`: nothing is raised or printed, and all else is read the same."""
    expected = as_it_was(folder)
    said = io.StringIO()
    with replaced(folder / name, content), contextlib.redirect_stderr(said), warnings.catch_warnings():
        warnings.simplefilter("error")
        reread = results.read(folder)
        show(reread)
    assert said.getvalue() == ""
    assert all(problem.isprintable() for problem in reread.problems)
    other = IDS - {"1"} if name.startswith("trial_1") else IDS
    # Whether Keras Tuner's steps are epochs is inferred from all trials together.
    unsure = {"best_epoch", "epoch"} if "record.json" not in {path.name for path in folder.rglob("*")} else set()
    for before, after in ((expected.trials, reread.trials), (expected.epochs, reread.epochs)):
        assert rows(after, other, unsure) == rows(before, other, unsure)


@functools.cache
def as_it_was(folder: Path) -> results.Run:
    """The run, read before anything is changed in it."""
    return results.read(folder)


@contextlib.contextmanager
def replaced(path: Path, content: bytes) -> Iterator[None]:
    before = path.read_bytes()
    path.write_bytes(content)
    try:
        yield
    finally:
        path.write_bytes(before)


def rows(table: pandas.DataFrame, ids: set[str], but: set[str]) -> list[dict[str, Any]]:
    """The rows of the trials `ids`, without the empty cells and without some columns."""
    kept = [row for row in table.to_dict("records") if row["trial_id"] in ids]
    return [{key: value for key, value in row.items() if key not in but and not pandas.isna(value)} for row in kept]


def show(run: results.Run) -> None:
    """Shows everything of a run that a terminal or a notebook shows."""
    console = Console(file=io.StringIO())
    console.print(tables.trials_table(run.trials), tables.best_table(run), sentences.objective(run))
    assert repr(run).isprintable()
    assert run._repr_html_().startswith("<div")
    assert all(isinstance(hyperparameter.range, str) for hyperparameter in run.space)
    for shown in (sentences.baseline_place, sentences.best_trial, varied):
        with contextlib.suppress(results.RunError):
            shown(run)


@pytest.mark.parametrize(("kind", "name"), ALL)
@bounded
@given(data=st.data())
def test_a_file_that_was_cut_off(folders: dict[str, Path], kind: str, name: str, data: st.DataObject) -> None:
    content = (folders[kind] / name).read_bytes()
    check(folders[kind], name, content[: data.draw(st.integers(0, len(content)))])


@pytest.mark.parametrize(("kind", "name"), ALL)
@bounded
@given(data=st.data())
def test_bytes_that_were_overwritten(folders: dict[str, Path], kind: str, name: str, data: st.DataObject) -> None:
    content = bytearray((folders[kind] / name).read_bytes())
    place = data.draw(st.integers(0, len(content)))
    garbage = data.draw(st.binary(max_size=30))
    content[place : place + len(garbage)] = garbage
    check(folders[kind], name, bytes(content))


@pytest.mark.parametrize(("kind", "name"), [case for case in ALL if case[1].endswith(".json")])
@bounded
@given(data=st.data())
def test_values_of_another_kind(folders: dict[str, Path], kind: str, name: str, data: st.DataObject) -> None:
    content = changed(json.loads((folders[kind] / name).read_bytes()), data)
    text = json.dumps(content, ensure_ascii=data.draw(st.booleans()))
    check(folders[kind], name, text.encode("utf-8", "surrogatepass"))


def changed(content: Any, data: st.DataObject) -> Any:
    """`content` with arbitrary JSON at an arbitrary place, or without what was there."""
    content = copy.deepcopy(content)
    node, key = data.draw(st.sampled_from(list(places(content))))
    if data.draw(st.booleans()):
        node[key] = data.draw(json_values)
    else:
        del node[key]
    return content


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every value within `node`: what holds it, and its key there."""
    keys = node.keys() if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    for key in keys:
        yield node, key
        yield from places(node[key])
