"""A model read back from a `.keras` file of which nobody knows who wrote it: no code is run that is not Keras's own."""

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
# Where the parts of models are. Keras itself would also import `keras_hub` and the like, from wherever Python finds
# them, and hand out every function of its own, those that download and write files among them.
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
        may_be_foreign: Whether it may have parts of which the code has been run before.

    Raises:
        ForeignCode: It has such parts, and may not.
        ValueError: It cannot be read back.
    """
    runtime.load_tensorflow()
    from keras_search.tuner import keras_private

    try:
        with files.opened(path) as file:
            foreign = next(_foreign(_config(file)), None)
            if foreign is not None and not may_be_foreign:
                raise ForeignCode(f"it has {foreign}, which is not a part of Keras")
            file.seek(0)
            # The file itself, not its path: what was looked through is what is loaded.
            return keras_private.load_model(file, compile=False, safe_mode=True)
    except ForeignCode:
        raise
    except files.NotAFile as error:
        raise ValueError(error.strerror) from error
    except Exception as error:  # a file that is damaged, or made up, may have Keras raise anything
        raise ValueError(str(error)) from error


def _config(file: Any) -> Any:
    with zipfile.ZipFile(file) as archive, archive.open(_CONFIG) as member:
        content = member.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise ValueError(f"its {_CONFIG} has more than {_MOST_BYTES:,} bytes")
    return files.parse_json(content.decode())


def _foreign(config: Any) -> Iterator[str]:
    """The objects in the configuration of a model that are not Keras's own, by their names."""
    waiting = [config]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += one.values()
            module = one.get("module")
            if "class_name" in one and "config" in one and not _is_ours(module, one["class_name"]):
                yield json.dumps(f"{module}.{one['class_name']}" if module else one["class_name"])
        elif isinstance(one, list):
            waiting += one


def _is_ours(module: Any, class_name: Any) -> bool:
    if module is None:
        # Values that are not numbers: shapes, arrays, slices. All else has a module, or is of the user's registering.
        return class_name in _VALUES
    if module == "builtins":
        return class_name == "function"  # looked for by its name among Keras's own
    package, _, rest = str(module).partition(".")
    return package == "keras" and (not rest or rest.split(".")[0] in _PARTS)
