"""The backend that Keras runs on: which one it is, known before Keras is loaded, and what workers need for it."""

import importlib.util
import os
import sys
from pathlib import Path

from keras_search.results import files, installed
from keras_search.tuner.errors import SearchError

DEFAULT = "tensorflow"
# What readers know them by.
_TITLES = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch", "openvino": "OpenVINO"}


def name() -> str:
    """The backend that Keras runs on, or will run on once it is loaded, by Keras's own rules."""
    config = getattr(sys.modules.get("keras"), "config", None)
    return config.backend() if config is not None else os.environ.get("KERAS_BACKEND") or _configured()


def title() -> str:
    """The same as its makers write it: `TensorFlow`, `JAX`, `PyTorch`."""
    return _TITLES.get(name(), name())


def versions() -> dict[str, str]:
    """The versions of the packages that decide the scores, as far as they are installed."""
    return installed.versions((name(), "keras", "keras-tuner", "numpy"))


def require_installed() -> None:
    """Raises SearchError if Keras is not loaded, and cannot be, for its backend is not installed."""
    if "keras" in sys.modules or importlib.util.find_spec(wanted := name()) is not None:
        return
    there = [other for other in ("tensorflow", "jax", "torch") if importlib.util.find_spec(other) is not None]
    others = f", or set KERAS_BACKEND={' or '.join(there)}" if there else ""
    raise SearchError(f"Keras is to run on {wanted!r}, which is not installed: python -m pip install {wanted}{others}")


def environment(threads: int = 1) -> dict[str, str]:
    """The variables of a process that trains on this backend in `threads`, and may share a GPU with others."""
    computing = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "PJRT_NPROC")
    # Operations follow one another, in one order. NumPy's library would begin its threads when it is loaded.
    alone = ("TF_NUM_INTEROP_THREADS", "OPENBLAS_NUM_THREADS")
    # Neither TensorFlow nor JAX shall take all memory of a GPU at once.
    shared = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    return {"KERAS_BACKEND": name(), **dict.fromkeys(computing, str(threads)), **dict.fromkeys(alone, "1"), **shared}


def _configured() -> str:
    """The backend in Keras's file of settings."""
    home = os.environ.get("KERAS_HOME")
    if home is None:
        user = Path("~").expanduser()
        home = (user if os.access(user, os.W_OK) else Path("/tmp")) / ".keras"
    settings = files.read_json(Path(home).expanduser() / "keras.json")
    return (settings if isinstance(settings, dict) else {}).get("backend", DEFAULT)
