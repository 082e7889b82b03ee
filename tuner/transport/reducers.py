"""How what pickle refuses goes to another process: what is trivially new is made anew there, a lock above all.

Files that are written are opened again, to append to them; the content of those that are read goes along.
"""

import contextlib
import copyreg
import io
import os
import pickle
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cloudpickle

from keras_search.tuner.data import shared
from keras_search.tuner.keras_private import travel

travel.watch_writers()

# As pickle wants it, what makes an object again, or its name.
Reduced = str | tuple[Any, ...]


def _condition(condition: threading.Condition) -> Reduced:
    # Its own attributes are methods of the lock, which copies would share.
    return threading.Condition, (vars(condition)["_lock"],)


def _local(local: threading.local) -> Reduced:
    return threading.local, (), vars(local)


def _simple_queue(waiting: queue.SimpleQueue) -> Reduced:
    if not waiting.empty():
        raise pickle.PicklingError(f"cannot look into a queue.SimpleQueue, which holds {waiting.qsize()}")
    return queue.SimpleQueue, ()


# What is made anew, by exact types.
ANEW: dict[type, Callable[[Any], Reduced]] = {
    type(threading.Lock()): lambda _: (threading.Lock, ()),
    type(threading.RLock()): lambda _: (threading.RLock, ()),
    threading.Condition: _condition,
    threading.local: _local,
    queue.SimpleQueue: _simple_queue,
}


def _written(file: io.TextIOWrapper) -> Reduced:
    if file in (sys.__stdout__, sys.__stderr__) or file.closed or not file.writable():
        return cloudpickle.Pickler.dispatch_table[io.TextIOWrapper](file)
    return _opened, (*_appended(file, file.mode), file.encoding, file.errors)


def _binary_written(file: Any) -> Reduced:
    return _opened, _appended(file, file.raw.mode)


def _binary_read(file: io.BufferedReader) -> Reduced:
    return _opened, (_path(file), "rb", None, None, file.tell())


def _appended(file: Any, mode: str) -> tuple[Path, str]:
    """The path of `file`, and the mode in which another process goes on writing it."""
    if "+" in mode:
        raise pickle.PicklingError(f"{file.name} is open for reading and writing")
    file.flush()
    return _path(file), mode.replace("w", "a").replace("x", "a")


def _path(file: Any) -> Path:
    name = file.name
    if not isinstance(name, str | os.PathLike) or not Path(name).exists():
        raise pickle.PicklingError(f"the open file {name!r} has no path")
    return Path(name).absolute()


def _opened(path: Path, mode: str, encoding: str | None = None, errors: str | None = None, place: int = 0) -> Any:
    file = path.open(mode, encoding=encoding, errors=errors)
    if place:
        file.seek(place)
    return file


# Files, by exact types: copies in this process share them.
FILES: dict[type, Callable[[Any], Reduced]] = {
    io.TextIOWrapper: _written,
    io.BufferedWriter: _binary_written,
    io.BufferedReader: _binary_read,
}


def reduced(value: Any) -> Any:
    """What makes `value` again in another process; NotImplemented if it is of no class that is looked after here.

    Raises:
        Exception: `value` cannot go there.
    """
    for stream in ("stdout", "stderr"):
        if value is getattr(sys, stream):  # of any class, in a notebook
            return getattr, (sys, stream)
    if travel.is_image_iterator(value):
        state = {name: part for name, part in vars(value).items() if name != "index_generator"}
        return copyreg.__newobj__, (type(value),), state, None, None, _resumed  # type: ignore[attr-defined]
    if isinstance(value, threading.Thread) and value.ident is not None:
        raise pickle.PicklingError(f"cannot pickle the thread {value.name!r}, which was started")
    return _of_tensorflow(value)


def _of_tensorflow(value: Any) -> Any:
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is None:
        return NotImplemented
    if isinstance(value, tensorflow.data.Dataset):
        return shared.reduced(value)
    arguments = travel.made_with(value)
    return NotImplemented if arguments is None else (_writer, (arguments,))


def _resumed(iterator: Any, state: dict[str, Any]) -> None:
    vars(iterator).update(state)
    travel.begin_image_iterator(iterator)


def _writer(arguments: dict[str, Any]) -> Any:
    import tensorflow as tf

    return tf.summary.create_file_writer(**arguments)


@contextlib.contextmanager
def copied_anew() -> Iterator[None]:
    """Lets `copy.deepcopy` make what is trivially new anew while the block runs.

    What is there once in a process, such as the runtime of TensorFlow, copies share.
    """
    shared: dict[type, Callable[[Any], Reduced]] = {kind: lambda _: "itself" for kind in travel.shared_classes()}
    added = {kind: reducer for kind, reducer in (ANEW | shared).items() if kind not in copyreg.dispatch_table}
    copyreg.dispatch_table.update(added)
    try:
        yield
    finally:
        for kind in added:
            del copyreg.dispatch_table[kind]
