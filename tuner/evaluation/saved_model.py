"""Reads a model from a `.keras` file of unknown origin, without running any code but Keras's own."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_search.results import files
from keras_search.tuner import runtime

if TYPE_CHECKING:
    import keras

_CONFIG = "config.json"
_MOST_BYTES = 64 * 2**20
# The modules of Keras that hold parts of models. Keras itself would also import `keras_hub` and the like, from wherever
# Python finds them, and give access to all its own functions, even those that download or write files.
_PARTS = {
    "activations", "constraints", "dtype_policies", "initializers", "layers", "losses", "metrics", "models", "ops",
    "optimizers", "quantizers", "random", "regularizers", "src",
}  # fmt: skip
_VALUES = ("__keras_tensor__", "__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__")


class ForeignCode(ValueError):
    """The model has a part that is not Keras's own."""


def load(path: Path, may_be_foreign: bool = False) -> "keras.Model":
    """The model in `path`, not compiled.

    Args:
        may_be_foreign: Whether the model may have parts that are not Keras's own; their code has run before.

    Raises:
        ForeignCode: It has such parts, but may not.
        ValueError: It cannot be read.
    """
    runtime.load_keras()
    from keras_search.tuner import keras_private

    try:
        with files.opened(path) as file:
            foreign = next(_foreign(_config(file)), None)
            if foreign is not None and not may_be_foreign:
                raise ForeignCode(f"it has {foreign}, which is not a part of Keras")
            file.seek(0)
            # The open file, not its path: nobody can exchange the file after the check.
            return keras_private.load_model(file, compile=False, safe_mode=True)
    except ForeignCode:
        raise
    except files.NotAFile as error:
        raise ValueError(error.strerror) from error
    except Exception as error:  # a damaged or forged file may make Keras raise anything
        raise ValueError(str(error)) from error


def _config(file: Any) -> Any:
    with zipfile.ZipFile(file) as archive, archive.open(_CONFIG) as member:
        content = member.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise ValueError(f"its {_CONFIG} has more than {_MOST_BYTES:,} bytes")
    return files.parse_json(content.decode())


def _foreign(config: Any) -> Iterator[str]:
    """The names of the objects in the configuration of a model that are not Keras's own."""
    waiting = [config]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            waiting += part.values()
            module = part.get("module")
            if "class_name" in part and "config" in part and not _is_keras_own(module, part["class_name"]):
                yield json.dumps(f"{module}.{part['class_name']}" if module else part["class_name"])
        elif isinstance(part, list):
            waiting += part


def _is_keras_own(module: Any, class_name: Any) -> bool:
    if module is None:
        # Values such as shapes, arrays and slices. Any other object has a module, or the user has registered it.
        return class_name in _VALUES
    if module == "builtins":
        return class_name == "function"  # Keras looks its name up among its own functions
    package, _, rest = str(module).partition(".")
    return package == "keras" and (not rest or rest.split(".")[0] in _PARTS)
