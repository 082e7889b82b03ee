"""Loads TensorFlow: set up for speed, and without the lines it prints at start-up."""

import contextlib
import functools
import gc
import logging
import os
import sys
import tempfile
from collections.abc import Iterator

_CHIEF = ("KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT", "KERASTUNER_TUNER_ID")


def load_tensorflow() -> None:
    """Imports Keras and Keras Tuner on TensorFlow, which takes seconds; only the first call does anything.

    The environment is read at import, so it is set first: oneDNN's kernels, which halve a convolution's time, are
    off by default on some processors. What the user has set stays.
    """
    if "keras_tuner" in sys.modules:
        return
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _quiet_stderr():
        import keras_tuner  # noqa: F401
        import tensorflow
    for name in ("intra", "inter"):
        if threads := os.environ.get(f"TF_NUM_{name.upper()}OP_THREADS"):
            getattr(tensorflow.config.threading, f"set_{name}_op_parallelism_threads")(int(threads))
    # It warns that each trial traces functions of its own, as it must.
    tensorflow.get_logger().setLevel(logging.ERROR)


@functools.cache
def load_tensorflow_in_worker() -> None:
    """Imports the same in a process of the toolkit's own, where what is there by then is there to stay.

    The garbage collector is told to leave it alone: to look through a million objects takes it a quarter of a second,
    before every trial.
    """
    load_tensorflow()
    gc.collect()
    gc.freeze()


@contextlib.contextmanager
def without_chief() -> Iterator[None]:
    """Hides from Keras Tuner while the block runs what makes it one of several that a chief directs, and says so."""
    found = {name: os.environ.pop(name) for name in _CHIEF if name in os.environ}
    if found:
        print(f"{', '.join(found)} in the environment: ignored, trials run at once by `workers` and without a chief")
    try:
        yield
    finally:
        os.environ.update(found)


@contextlib.contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Holds back what native code writes to standard error; shows it after all if the block raises.

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
