"""What a script has registered with Keras: taken along, there while a call runs, and gone with it."""

import sys
import types
from collections.abc import Iterator

import cloudpickle
import keras
import pytest
from keras import layers

from keras_search.tuner.transport import custom_objects
from tests.tuner.small_models import CountBatches


@pytest.fixture(autouse=True)
def objects() -> Iterator[dict]:
    """Keras's registry, which is after a test what it was before."""
    registry = keras.saving.get_custom_objects()
    before = dict(registry)
    yield registry
    registry.clear()
    registry.update(before)


def sent() -> custom_objects.CustomObjects:
    """What is registered here, as another process gets it."""
    return cloudpickle.loads(cloudpickle.dumps(custom_objects.current()))


def halved() -> type[layers.Layer]:
    """A class that no process can import, and that travels itself."""

    class Halved(layers.Layer):
        pass

    return Halved


def test_there_they_are_found_by_name_while_a_call_runs(objects: dict) -> None:
    registered = keras.saving.register_keras_serializable("ours")(halved())
    with keras.saving.custom_object_scope({"scoped": halved()}):
        objects["named"] = len
        travelling = sent()
    objects.clear()
    with custom_objects.registered(travelling):
        there = keras.saving.get_registered_object("ours>Halved")
        assert there.__name__ == registered.__name__
        assert keras.saving.get_registered_name(there) == "ours>Halved"
        assert keras.saving.get_registered_object("named") is len
        assert keras.saving.get_registered_object("scoped").__name__ == "Halved"
    for name in ("ours>Halved", "named", "scoped"):
        assert keras.saving.get_registered_object(name) is None


def test_what_a_script_registers_in_a_spawned_process_travels_itself(
    objects: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = types.ModuleType("__mp_main__")  # what `multiprocessing` calls it there
    exec("import keras\nclass Own(keras.layers.Layer):\n    pass\n", vars(script))
    monkeypatch.setitem(sys.modules, "__mp_main__", script)
    keras.saving.register_keras_serializable("ours")(script.Own)
    travelling = sent()
    monkeypatch.undo()
    objects.clear()
    with custom_objects.registered(travelling):
        assert keras.saving.get_registered_object("ours>Own").__name__ == "Own"


def test_keras_own_and_what_cannot_be_sent_stay_behind(objects: dict) -> None:
    objects |= {"dense": layers.Dense, "frame": sys._getframe(), "named": len}
    assert set(custom_objects.current().objects) & {"dense", "frame", "named"} == {"named"}


def test_what_is_imported_there_is_what_that_process_has(objects: dict) -> None:
    objects["counts"] = CountBatches
    with custom_objects.registered(sent()):
        assert keras.saving.get_registered_object("counts") is CountBatches


def test_what_that_process_cannot_import_is_left_out(objects: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    objects["counts"] = CountBatches
    travelling = sent()
    objects.clear()
    monkeypatch.setitem(sys.modules, CountBatches.__module__, None)
    with custom_objects.registered(travelling):
        assert keras.saving.get_registered_object("counts") is None


def test_of_what_a_call_registers_the_objects_of_modules_stay(objects: dict) -> None:
    with custom_objects.registered(sent()):
        objects |= {"of a module": CountBatches, "of a function": halved()}
    assert objects["of a module"] is CountBatches
    assert "of a function" not in objects


def test_what_was_registered_there_before_is_there_again(objects: dict) -> None:
    objects["named"] = len
    travelling = sent()
    objects["named"] = max
    with custom_objects.registered(travelling):
        assert keras.saving.get_registered_object("named") is len
    assert keras.saving.get_registered_object("named") is max
