"""Loads Keras and its backend, set up for speed and without the lines that they print at start-up."""

import contextlib
import functools
import gc
import logging
import os
import sys
import tempfile
from collections.abc import Iterator

from keras_search.tuner import backend

_CHIEF = ("KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT", "KERASTUNER_TUNER_ID")


def load_keras() -> None:
    """Imports Keras with its backend, and Keras Tuner, which takes seconds; only the first call does anything.

    TensorFlow reads the environment at import, so it is set first: oneDNN's kernels, which halve the time of a
    convolution, are off by default on some processors. Variables that the user has set are kept.

    Raises:
        SearchError: The backend is not installed.
    """
    if "keras_tuner" in sys.modules:
        return
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    backend.require_installed()
    with _quiet_stderr(), _without_collections():
        import keras_tuner  # noqa: F401
    if backend.name() == "tensorflow":
        _set_up_tensorflow()


def _set_up_tensorflow() -> None:
    import tensorflow

    for name in ("intra", "inter"):
        if threads := os.environ.get(f"TF_NUM_{name.upper()}OP_THREADS"):
            getattr(tensorflow.config.threading, f"set_{name}_op_parallelism_threads")(int(threads))
    # TensorFlow warns that functions are traced again and again; each trial has to trace its own.
    tensorflow.get_logger().setLevel(logging.ERROR)


@functools.cache
def load_keras_in_worker() -> None:
    """Does the same in a worker process, and exempts all that is loaded from garbage collection.

    A collection before every trial would take a quarter of a second to look through a million objects that stay.
    """
    load_keras()
    gc.collect()
    gc.freeze()


@contextlib.contextmanager
def without_chief() -> Iterator[None]:
    """Hides from Keras Tuner, while the block runs, the variables that would make it the worker of a chief."""
    hidden = {name: os.environ.pop(name) for name in _CHIEF if name in os.environ}
    if hidden:
        print(f"{', '.join(hidden)} in the environment: ignored, trials run at once by `workers` and without a chief")
    try:
        yield
    finally:
        os.environ.update(hidden)


@contextlib.contextmanager
def _without_collections() -> Iterator[None]:
    """Loads modules an eighth faster: garbage collections would look through a million objects that stay."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextlib.contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Holds back what native code writes to standard error; shows it if the block raises.

    TensorFlow's first lines come from C++ before its log level is read, so only the file descriptor can stop them.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except Exception:
            held.seek(0)
            os.write(saved, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(saved, 2)
            os.close(saved)
