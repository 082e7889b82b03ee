"""The callbacks that users give to `search`: each execution of each trial has copies of its own."""

import contextlib
import copy
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keras

from keras_search.results import layout
from keras_search.tuner import keras_private
from keras_search.tuner.transport import reducers
from keras_search.tuner.trial import callback_files, own_tuner
from keras_search.tuner.trial.task import TrialTask


def copied(
    task: TrialTask, execution: int, given: Iterable[keras.callbacks.Callback] | None
) -> list[keras.callbacks.Callback]:
    """Copies of `given`, which write no file together with those of another trial."""
    callbacks = _placed(task, execution, given)
    if not task.is_elsewhere:
        if task.is_interrupted:
            callback_files.append_after_interruption(callbacks)
        return callbacks
    folder = task.directory / layout.TRIAL_CALLBACKS / str(execution)
    return callback_files.redirected(callbacks, folder, task.is_interrupted)


def _placed(
    task: TrialTask, execution: int, given: Iterable[keras.callbacks.Callback] | None
) -> list[keras.callbacks.Callback]:
    """Copies of `given`; a `TensorBoard` among them writes where Keras Tuner would have it write, and the point too.

    They are copied and placed by the tuner's own methods, where it has some.
    """
    copy_all = own_tuner.method(task.tuner, "_deepcopy_callbacks") or _copies
    callbacks = copy_all(keras.tree.flatten(given or []))
    if own_tuner.method(task.tuner, "_configure_tensorboard_dir", "_get_tensorboard_dir"):
        keras_private.configure_tensorboard(task.tuner, callbacks, own_tuner.trial(task), execution)
        return callbacks
    for board in [callback for callback in callbacks if isinstance(callback, keras.callbacks.TensorBoard)]:
        board.log_dir = str(Path(board.log_dir) / task.trial_id / f"execution{execution}")
        if keras.config.backend() != "tensorflow":
            continue  # as in Keras Tuner, for the point is written by TensorFlow
        from tensorboard.plugins.hparams import api

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
