"""Our own TensorFlow operations for the CPU, compiled once on each machine that has a C++ compiler.

They are in the files `*_kernels.h`; `optimizers.py` and the modules with a `CompiledLayer` use them. Without them,
trials use TensorFlow's operations: the same formulas, but slower.
"""

import contextlib
import functools
import hashlib
import os
import shlex
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import platformdirs
import tensorflow as tf

from keras_search.tuner.fast import versions
from keras_search.tuner.keras_private import of_tensorflow

_FOLDER = Path(__file__).parent
_SOURCES = sorted(_FOLDER.glob("*.h")) + [_FOLDER / "operations.cc"]
# No flag changes a number: they only stop square roots from setting `errno`, and exceptions from trapping.
_FLAGS = ["-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-fvisibility=hidden", "-w"]
_LONGEST_S = 300


class _Unavailable(Exception):
    """There are no operations; the message tells the user why."""


def prepare(say: Callable[[str], None]) -> None:
    """Compiles the operations for all processes of this machine, if necessary; says so, or why it cannot."""
    load.cache_clear()
    if versions.why_none() is not None or tf.config.list_physical_devices("GPU"):
        return
    try:
        path = _path()
        if path.exists():
            # A damaged file is compiled again.
            with contextlib.suppress(tf.errors.OpError):
                tf.load_op_library(str(path))
                return
        say("compiling operations for this machine's processor, once: half a minute")
        _compile(path)
        tf.load_op_library(str(path))
    except (_Unavailable, OSError, tf.errors.OpError) as error:
        why = str(error).strip().splitlines()[0]
        say(f"{why}: trials run without compiled operations, and take longer (docs/speed.md)")


@functools.cache
def load() -> ModuleType | None:
    """The operations; None if there is a GPU, or `prepare` could not compile them."""
    if tf.config.list_physical_devices("GPU"):
        return None
    try:
        return tf.load_op_library(str(_path()))
    except (_Unavailable, OSError, tf.errors.OpError):
        return None


def for_graph() -> ModuleType | None:
    """The operations, for the graph that is being traced; None if XLA compiles it, which cannot use them."""
    if tf.executing_eagerly() or of_tensorflow.is_compiled_by_xla(tf.compat.v1.get_default_graph()):
        return None
    return load()


@functools.cache
def _path() -> Path:
    """The path of the compiled file, whose name depends on sources, TensorFlow, compiler and processor."""
    # The compiler's predefined macros name its version and all instruction sets of this processor.
    predefined = _run([*_compiler(), *_FLAGS, "-dM", "-E", "-x", "c++", os.devnull])
    digest = hashlib.sha256(predefined.encode())
    for part in (tf.version.VERSION, *_FLAGS, *(path.read_text() for path in _SOURCES)):
        digest.update(part.encode())
    return Path(platformdirs.user_cache_dir("keras-search-toolkit")) / f"operations-{digest.hexdigest()[:16]}.so"


def _compile(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        made = Path(folder) / path.name
        tensorflow = [*tf.sysconfig.get_compile_flags(), *tf.sysconfig.get_link_flags()]
        _run([*_compiler(), *_FLAGS, "-shared", "-fPIC", str(_FOLDER / "operations.cc"), "-o", str(made), *tensorflow])
        with made.open("rb") as file:
            os.fsync(file.fileno())
        made.replace(path)


def _compiler() -> list[str]:
    try:
        return shlex.split(os.environ.get("CXX", "")) or ["c++"]
    except ValueError as error:
        raise _Unavailable(f"CXX is {os.environ['CXX']!r}, which is no command ({error})") from None


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", timeout=_LONGEST_S)
    except FileNotFoundError:
        raise _Unavailable(f"there is no C++ compiler {command[0]}") from None
    except OSError as error:
        raise _Unavailable(f"the C++ compiler {command[0]} cannot be run ({error.strerror})") from None
    except subprocess.TimeoutExpired:
        raise _Unavailable(f"the C++ compiler {command[0]} was not done after {_LONGEST_S} s") from None
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if "error" in line] or [f"exit status {done.returncode}"]
        raise _Unavailable(f"the C++ compiler {command[0]} failed ({errors[0]})")
    return done.stdout
