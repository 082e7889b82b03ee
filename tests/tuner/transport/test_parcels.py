"""Values that travel between machines, and the places of files in them."""

import sys
import traceback
import types
from pathlib import Path
from typing import Any

import pytest

from keras_search.tuner.transport.parcels import pack, unpack


def made(code: str, name: str, file: str = "own.py") -> Any:
    """What `code`, as a script in `file` that no other process can import, calls `name`."""
    script: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(code, file, "exec"), script)
    return script[name]


def test_a_script_in_a_spawned_process_goes_by_value(monkeypatch: pytest.MonkeyPatch) -> None:
    script = types.ModuleType("__mp_main__")  # what `multiprocessing` calls it there
    exec("FACTOR = 2\ndef own(x):\n    return FACTOR * x\n", vars(script))
    monkeypatch.setitem(sys.modules, "__mp_main__", script)
    packed, _ = pack(None, script.own)
    monkeypatch.undo()
    (there,) = unpack(packed)
    assert there(3) == 6


def test_values_come_one_after_the_other_as_they_are_asked_for() -> None:
    raises = made("class Raises:\n    def __reduce__(self):\n        return int, ('no number',)\n", "Raises")
    packed, names = pack(None, {"units": 8}, raises(), "last")
    values = unpack(packed)
    assert next(values) == {"units": 8}
    with pytest.raises(ValueError, match="no number"):
        next(values)
    assert names == set()


def test_a_function_of_a_script_is_called_and_its_errors_say_where_they_arose() -> None:
    own = made("def own(x):\n    return 1 / x\n", "own", "/home/somebody/own.py")
    (there,) = unpack(pack(None, own)[0])
    assert there(2) == 0.5
    with pytest.raises(ZeroDivisionError) as raised:
        there(0)
    last = traceback.extract_tb(raised.value.__traceback__)[-1]
    assert (last.filename, last.lineno) == ("/home/somebody/own.py", 2)


def test_a_file_of_the_run_is_where_its_run_is_on_the_other_machine(tmp_path: Path) -> None:
    root = tmp_path / "run"
    curve, other = root / "trial_0" / "epochs.csv", tmp_path / "run2" / "epochs.csv"
    packed, names = pack(root, {"curve": curve, "other": other, "root": root}, str(curve))
    assert names == {"trial_0/epochs.csv"}
    there, text = unpack(packed, Path("/elsewhere").joinpath)
    assert there == {"curve": Path("/elsewhere/trial_0/epochs.csv"), "other": other, "root": root}
    assert text == str(curve), "a text is no place"


def test_without_a_root_every_path_is_what_it_is(tmp_path: Path) -> None:
    packed, names = pack(None, tmp_path)
    assert (names, list(unpack(packed))) == (set(), [tmp_path])
