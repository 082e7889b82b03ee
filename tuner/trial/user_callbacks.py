"""The callbacks that users give to `search`: each execution of each trial has copies of its own."""

import contextlib
import copy
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keras

from keras_search.tuner import keras_private
from keras_search.tuner.transport import reducers
from keras_search.tuner.trial.task import TrialTask


def copied(
    task: TrialTask, execution: int, given: Iterable[keras.callbacks.Callback] | None
) -> list[keras.callbacks.Callback]:
    """Copies of `given`; a `TensorBoard` among them writes where Keras Tuner would have it write, and the point too."""
    callbacks = _copies(keras.tree.flatten(given or []))
    for board in [callback for callback in callbacks if isinstance(callback, keras.callbacks.TensorBoard)]:
        from tensorboard.plugins.hparams import api

        board.log_dir = str(Path(board.log_dir) / task.trial_id / f"execution{execution}")
        point = keras_private.convert_hyperparams_to_hparams(task.hyperparameters, api)
        callbacks.append(api.KerasCallback(board.log_dir, point, task.trial_id))
    return callbacks


def _copies(callbacks: list[Any]) -> list[Any]:
    """Copies of `callbacks`, which may share parts; of what cannot be copied, an open file or the like, each has it."""
    memo: dict[int, Any] = {}
    with reducers.copied_anew():
        return [_copy(callback, memo) for callback in callbacks]


def _copy(callback: Any, memo: dict[int, Any]) -> Any:
    with contextlib.suppress(Exception):  # an object's own copying may raise anything
        return _deepcopy(callback, memo)
    copied = copy.copy(callback)
    for name, value in vars(callback).items():
        with contextlib.suppress(Exception):
            setattr(copied, name, _deepcopy(value, memo))
    return copied


def _deepcopy(value: Any, memo: dict[int, Any]) -> Any:
    noted = dict(memo)  # a copy that fails leaves unfinished parts in it
    copied = copy.deepcopy(value, noted)
    memo.update(noted)
    return copied
