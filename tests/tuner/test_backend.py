"""The backend of Keras is known without loading it, by Keras's own rules."""

import json
import re
import sys
from pathlib import Path

import keras
import pytest

from keras_search.results import installed
from keras_search.tuner import backend
from keras_search.tuner.errors import SearchError
from tests.helpers import Cli


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A process that has not loaded Keras, of a user who has set nothing."""
    monkeypatch.delitem(sys.modules, "keras")
    for name in ("KERAS_BACKEND", "KERAS_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return monkeypatch


@pytest.mark.parametrize("folder", ["own", ".keras"])
def test_a_file_of_settings_names_it_unless_the_environment_does(
    folder: str, fresh: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert backend.name() == "tensorflow"
    if folder == "own":
        fresh.setenv("KERAS_HOME", str(tmp_path / folder))
    settings = tmp_path / folder / "keras.json"
    settings.parent.mkdir()
    settings.write_text(json.dumps({"backend": "jax"}))
    assert (backend.name(), backend.title()) == ("jax", "JAX")
    fresh.setenv("KERAS_BACKEND", "torch")
    assert (backend.name(), backend.title()) == ("torch", "PyTorch")
    fresh.setenv("KERAS_BACKEND", "")
    assert backend.name() == "jax"
    for damaged in ("{", "[]", "{}"):
        settings.write_text(damaged)
        assert backend.name() == "tensorflow"


def test_it_is_that_of_keras_once_that_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "another")
    assert backend.name() == keras.config.backend()


def test_one_that_is_not_installed_is_refused_in_one_line(fresh: pytest.MonkeyPatch) -> None:
    fresh.setenv("KERAS_BACKEND", "nonesuch")
    told = (
        "Keras is to run on 'nonesuch', which is not installed: python -m pip install nonesuch, or set KERAS_BACKEND="
    )
    with pytest.raises(SearchError, match=f"^{re.escape(told)}tensorflow"):
        backend.require_installed()


def test_the_command_line_names_it(cli: Cli) -> None:
    assert f", {backend.title()} {installed.version(backend.name())})" in cli("--version").stdout
