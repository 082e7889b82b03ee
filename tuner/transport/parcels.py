"""Values that travel between machines, and name files of the run directory.

A file is named by its place in the run directory (`trial_03/epochs.csv`), as each machine has a folder of its own for
that directory.
"""

import io
import marshal
import pickle
import sys
import types
from collections import ChainMap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cloudpickle

from keras_search.tuner.transport import reducers
from keras_search.tuner.transport.keras_graphs import Graphs
from keras_search.tuner.transport.reducers import Reduced

# The names of the script's own module, the second in a process that `multiprocessing` has spawned. No other process can
# import the script by them.
SCRIPT = ("__main__", "__mp_main__")


def pack(root: Path | None, *values: Any) -> tuple[bytes, set[str]]:
    """Pickles `values`, with paths below `root` as names; returns the bytes and these names."""
    if SCRIPT[1] in sys.modules:
        cloudpickle.register_pickle_by_value(sys.modules[SCRIPT[1]])  # the first needs no telling
    buffer = io.BytesIO()
    packer = _Packer(buffer, root)
    for value in values:
        packer.dump(value)
    return buffer.getvalue(), packer.names


def unpack(packed: bytes, place: Callable[[str], Path] = Path) -> Iterator[Any]:
    """Yields the packed values; each is unpickled only when it is asked for.

    Args:
        place: Gives the path on this machine of each name below the root.
    """
    file = io.BytesIO(packed)
    unpacker = _Unpacker(file, place)
    while file.tell() < len(packed):
        yield unpacker.load()


_CLOUDPICKLES_OWN = cloudpickle.Pickler.dispatch_table
assert isinstance(_CLOUDPICKLES_OWN, ChainMap)


def _reduced(code: types.CodeType) -> Reduced:
    """Reduces `code` with the path of its file, which tracebacks name and cloudpickle leaves out."""
    try:
        return marshal.loads, (marshal.dumps(code),)
    except ValueError:  # a debugger or the like has put an object into the code
        return _CLOUDPICKLES_OWN[types.CodeType](code)


class _Packer(cloudpickle.Pickler):
    dispatch_table = _CLOUDPICKLES_OWN.new_child({types.CodeType: _reduced, **reducers.ANEW, **reducers.FILES})

    def __init__(self, file: io.BytesIO, root: Path | None) -> None:
        super().__init__(file)
        self._root = root
        self._graphs = Graphs()
        self.names: set[str] = set()

    def reducer_override(self, value: Any) -> Any:
        for reduced in (reducers.reduced, self._graphs.reduced):
            if (made := reduced(value)) is not NotImplemented:
                return made
        return super().reducer_override(value)

    def persistent_id(self, value: Any) -> str | None:
        if self._root is None or not isinstance(value, Path) or self._root not in value.parents:
            return None
        name = value.relative_to(self._root).as_posix()
        self.names.add(name)
        return name


class _Unpacker(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, place: Callable[[str], Path]) -> None:
        super().__init__(file)
        self._place = place

    def persistent_load(self, name: str) -> Path:
        return self._place(name)
