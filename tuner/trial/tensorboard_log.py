"""Writes what TensorBoard shows of a run: every learning curve, and every trial in the HParams tab.

TensorBoard's modules `hparams.api` and `hparams.summary` are not used, as they import TensorFlow.
"""

import shutil
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import keras
import keras_tuner
from tensorboard.compat.proto.event_pb2 import Event, SessionLog  # pyright: ignore[reportAttributeAccessIssue]
from tensorboard.compat.proto.summary_pb2 import Summary  # pyright: ignore[reportAttributeAccessIssue]
from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2, summary_v2
from tensorboard.plugins.scalar.summary_v2 import scalar_pb
from tensorboard.summary.writer.record_writer import RecordWriter

from keras_search.results.reading import trial_rows
from keras_search.search_spaces.space import Value
from keras_search.tuner.keras_private import kinds
from keras_search.tuner.trial.callbacks import numbers

_SCORE = "score"
_VALIDATION = "val_"


class Curves(keras.callbacks.Callback):
    """Writes the metrics of every epoch, counted from 1, as scalars of two TensorBoard runs, `train` and `validation`.

    It has no hook for batches, which would slow the training down (`fast/fit.py`). A training that starts from scratch
    replaces the files of an interrupted one; a training that resumes adds to them.

    Args:
        folder: Where the two runs are written.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._file = ""

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if self._file:
            return
        self._file = _file_name()
        if epoch == 0:
            shutil.rmtree(self._folder, ignore_errors=True)
        for part in self._folder.glob("*/"):
            # TensorBoard drops what was written of this epoch and later ones before.
            _append(part / self._file, [Event(step=epoch + 1, session_log=SessionLog(status=SessionLog.START))])

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.on_epoch_begin(epoch)  # a custom training loop may not have called it
        parts: dict[str, list[Event]] = {}
        for name, value in numbers(logs).items():
            part = "validation" if name.startswith(_VALIDATION) else "train"
            scalar = scalar_pb(name.removeprefix(_VALIDATION), value)
            parts.setdefault(part, []).append(Event(step=epoch + 1, summary=scalar))
        for part, events in parts.items():
            _append(self._folder / part / self._file, events)


class TensorBoardLog:
    """Writes the trials that have ended for TensorBoard's HParams tab: their points, scores, times and states.

    Args:
        folder: Where TensorBoard's runs are written: a folder for each trial, with its curves.
        objective: The objective that the scores are of.
        baseline: The documented point, which may lie outside the searched ranges.
    """

    def __init__(self, folder: Path, objective: keras_tuner.Objective, baseline: dict[str, Value]) -> None:
        self._folder = folder
        self._objective = objective
        self._baseline = baseline
        self._declared = 0

    def curves(self, trial_id: str) -> Path:
        """The folder for the learning curves of a trial."""
        return self._folder / trial_id

    def declare(self, space: list[kinds.HyperParameter]) -> None:
        """Writes the hyperparameters and the objective, if `space` has grown since it was last declared."""
        if len(space) == self._declared:
            return
        self._declared = len(space)
        named: dict[str, list[kinds.HyperParameter]] = {}
        for hyperparameter in space:
            named.setdefault(hyperparameter.name, []).append(hyperparameter)
        hparams = [summary_v2.HParam(name, _domain(same, self._baseline.get(name))) for name, same in named.items()]
        score = summary_v2.Metric(_SCORE, display_name=self._objective.name)
        _replace(self._folder, [Event(summary=summary_v2.hparams_config_pb(hparams, [score], time.time()))])

    def trial_ended(
        self, directory: Path, hyperparameters: keras_tuner.HyperParameters, score: float | None, step: int
    ) -> None:
        """Writes the trial, in place of what was written of it before.

        Args:
            directory: The directory of the trial.
            score: None if it failed.
            step: The epoch of the score, counted from 0.
        """
        record = trial_rows.read_trial(directory)
        names = {hyperparameter.name for hyperparameter in hyperparameters.space}
        point = {name: value for name, value in hyperparameters.values.items() if name in names}
        statuses: Any = api_pb2  # protobuf makes its names on import
        status = statuses.STATUS_FAILURE if score is None else statuses.STATUS_SUCCESS
        summaries = [
            summary_v2.hparams_pb(point, record["trial_id"], _seconds(record.get("started_at"))),
            _end(status, _seconds(record.get("ended_at"))),
        ]
        events = [Event(summary=part) for part in summaries]
        if score is not None:
            events.append(Event(step=step + 1, summary=scalar_pb(_SCORE, score)))
        _replace(self._folder / record["trial_id"], events)


def _end(status: int, moment: float) -> Summary:
    """That a trial has ended, as the HParams tab reads it."""
    messages: Any = plugin_data_pb2
    end = messages.SessionEndInfo(status=status, end_time_secs=moment)
    content = metadata.create_summary_metadata(messages.HParamsPluginData(session_end_info=end))
    value = Summary.Value(tag=metadata.SESSION_END_INFO_TAG, metadata=content, tensor=metadata.NULL_TENSOR)
    return Summary(value=[value])


def _domain(declared: Iterable[kinds.HyperParameter], baseline: Value | None) -> summary_v2.Domain | None:
    """The values that TensorBoard may filter by; None if they are of several types, which it cannot express."""
    values = [] if baseline is None else [baseline]
    is_range = all(isinstance(hp, kinds.Int | kinds.Float) for hp in declared)
    for hp in declared:
        values += [hp.min_value, hp.max_value] if isinstance(hp, kinds.Int | kinds.Float) else hp.values
    if is_range:
        return summary_v2.RealInterval(float(min(values)), float(max(values)))
    return summary_v2.Discrete(set(values)) if len(set(map(type, values))) == 1 else None


def _seconds(moment: str | None) -> float:
    return time.time() if moment is None else datetime.fromisoformat(moment).timestamp()


def _file_name() -> str:
    # TensorBoard knows its files by `tfevents`, and reads those of a folder in the order of their names.
    return f"events.out.tfevents.{time.time_ns()}"


def _replace(folder: Path, events: Iterable[Event]) -> None:
    """Writes `events` in place of the event files in `folder`; its subfolders stay."""
    before = list(folder.glob("events.*"))
    _append(folder / _file_name(), events)
    for path in before:
        path.unlink()


def _append(path: Path, events: Iterable[Event]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        writer = RecordWriter(file)
        if file.tell() == 0:
            writer.write(Event(wall_time=time.time(), file_version="brain.Event:2").SerializeToString())
        for event in events:
            event.wall_time = time.time()
            writer.write(event.SerializeToString())
