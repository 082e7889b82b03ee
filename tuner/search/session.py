"""One search of a run, from its first line to its last: data, progress and signals around the loop."""

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path

from keras_search import results
from keras_search.search_spaces.origin import Interrupted
from keras_search.tuner.data import majority
from keras_search.tuner.errors import SearchError
from keras_search.tuner.executors.base import Executor
from keras_search.tuner.executors.foreign import ForeignProcesses
from keras_search.tuner.fast import patches, versions
from keras_search.tuner.keras_private import TrialStatus
from keras_search.tuner.oracles.again import Again
from keras_search.tuner.record import run_record
from keras_search.tuner.record.recorder import Recorder
from keras_search.tuner.search import given, place
from keras_search.tuner.search.given import FitArguments
from keras_search.tuner.search.loop import Loop
from keras_search.tuner.search.progress import Progress
from keras_search.tuner.search.stop import Limits, Stop
from keras_search.tuner.search.trials import Trials


def run(trials: Trials, executor: Executor, fit: FitArguments, progress: Progress, limits: Limits) -> None:
    """Searches in a locked run directory.

    Raises:
        SearchError, Interrupted: As `Loop.run`.
        InputError: What trials need does not arrive in worker processes, and there they have a time limit.
    """
    # Which print these things themselves, or have printed them.
    is_told = run_record.is_of_command_line(trials.run) or isinstance(trials.oracle, Again)
    progress.begins(trials.oracle, executor, trials.run)
    to_beat = majority.sentence(trials.oracle.objective.name, *fit)
    if to_beat and not is_told:
        progress.note(to_beat)
    versions.tell(progress.note)
    if executor.is_local:
        patches.prepare(progress.note)
    with given.placed(fit, executor, trials.run) as placed:
        executor = place.arrived(executor, trials, placed, progress.note)
        with (
            # Another library's executor cannot end a call.
            Stop(limits.time_budget, progress.stopping, cuts=not isinstance(executor, ForeignProcesses)) as stop,
            progress.search(trials.oracle, executor.slots, trials.baseline),
            Recorder(trials.run, trials.oracle) as recorder,
        ):
            progress.ends_at = stop.ends_at or math.inf
            try:
                Loop(trials, executor, placed, progress, recorder, stop, limits.until_no_better).run()
            except KeyboardInterrupt:
                if not stop.is_cut:
                    progress.stopped()
                    raise
                progress.cut_off()
                executor.shutdown()
    has_failed = any(trial.status == TrialStatus.FAILED for trial in trials.oracle.trials.values())
    if has_failed and not trials.best() and not is_told:
        failed = results.read(trials.run).failures
        print(f"no trial has finished: {failed}; mend that, and search anew with overwrite=True")
    elif has_failed and progress.is_silent:
        progress.warn(results.read(trials.run).failures)


@contextlib.contextmanager
def errors_of(run: Path) -> Iterator[None]:
    """Turns an OSError of the directory `run` and a signal into the errors that `search` raises."""
    try:
        yield
    except OSError as error:
        why = f"{error.strerror or error}: {error.filename or run}"
        raise SearchError(
            f"the run directory can no longer be used ({why}); no finished trial is lost: mend that, and the same "
            "search goes on"
        ) from error
    except Interrupted:
        # Only this very class makes Python end the script by the signal, so that a loop of the shell ends too.
        raise KeyboardInterrupt from None
