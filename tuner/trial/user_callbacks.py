"""The callbacks that users give to `search`: each execution of each trial has copies of its own."""

import copy
from collections.abc import Iterable
from pathlib import Path

import keras

from keras_search.tuner import keras_private
from keras_search.tuner.trial.task import TrialTask


def copied(
    task: TrialTask, execution: int, given: Iterable[keras.callbacks.Callback] | None
) -> list[keras.callbacks.Callback]:
    """Copies of `given`; a `TensorBoard` among them writes where Keras Tuner would have it write, and the point too."""
    callbacks = copy.deepcopy(keras.tree.flatten(given or []))
    for board in [callback for callback in callbacks if isinstance(callback, keras.callbacks.TensorBoard)]:
        board.log_dir = str(Path(board.log_dir) / task.trial_id / f"execution{execution}")
        if keras.config.backend() != "tensorflow":
            continue  # as in Keras Tuner, for the point is written by TensorFlow
        from tensorboard.plugins.hparams import api

        point = keras_private.convert_hyperparams_to_hparams(task.hyperparameters, api)
        callbacks.append(api.KerasCallback(board.log_dir, point, task.trial_id))
    return callbacks
