"""A call that is made in another process: under the script's settings, or refused before it goes."""

import sys
from pathlib import Path
from types import ModuleType

import keras
import pytest

from keras_search.tuner.transport import calls


def floatx_and(path: Path, *, name: str) -> tuple[str, Path]:
    return keras.config.floatx(), path / name


def test_it_is_made_under_the_settings_and_with_the_files_of_the_script(tmp_path: Path) -> None:
    keras.config.set_floatx("float64")
    try:
        packed, names = calls.pack(floatx_and, (tmp_path / "trial_0",), {"name": "epochs.csv"}, tmp_path)
    finally:
        keras.config.set_floatx("float32")
    assert names == {"trial_0"}
    assert calls.run(packed, Path("/there").joinpath) == ("float64", Path("/there/trial_0/epochs.csv"))
    assert keras.config.floatx() == "float32"


def test_an_error_of_the_call_is_the_callers(tmp_path: Path) -> None:
    packed, _ = calls.pack(int, ("no number",), {})
    with pytest.raises(ValueError, match="no number"):
        calls.run(packed)


def test_code_that_is_not_there_is_told_from_an_error_of_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("only_here")
    exec("def own(): import nowhere_at_all", module.__dict__)
    monkeypatch.setitem(sys.modules, "only_here", module)
    packed, _ = calls.pack(module.own, (), {})
    with pytest.raises(ModuleNotFoundError, match="nowhere_at_all") as raised:
        calls.run(packed)
    assert not isinstance(raised.value, calls.LacksCode)
    monkeypatch.undo()
    with pytest.raises(calls.LacksCode, match="only_here"):
        calls.run(packed)


def test_what_cannot_be_unpacked_is_told_from_an_error_of_the_call() -> None:
    class Breaks:
        def __setstate__(self, state: object) -> None:
            raise KeyError("no such part")

    broken = Breaks()
    broken.part = 1
    packed, _ = calls.pack(len, ([broken],), {})
    with pytest.raises(calls.Spoiled, match=r"cannot be unpacked there: KeyError: 'no such part'$"):
        calls.run(packed)
