"""What a person sees of a search: a live line on a terminal, plain lines elsewhere."""

import contextlib
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleRenderable, Group
from rich.live import Live
from rich.text import Text

from results import reader

if TYPE_CHECKING:
    import keras_tuner
    from keras_tuner.engine.trial import Trial

    from tuner.trial import TrialTask


class Progress:
    """Told of every step of a search, and shows it: trial n of N, the epoch, the best so far, the time left.

    Args:
        console: Where to print; None for standard output.
        silent: Print nothing at all.
    """

    def __init__(self, console: Console | None = None, silent: bool = False) -> None:
        self._console = console or Console(quiet=silent, highlight=False, soft_wrap=True)
        self._running: dict[str, TrialTask] = {}

    @contextlib.contextmanager
    def search(self, oracle: "keras_tuner.Oracle") -> Iterator[None]:
        """Shows the search of `oracle` while the block runs."""
        self._oracle = oracle
        self._began = time.monotonic()
        self._epochs_done = 0
        already = len(oracle.end_order)
        self._epochs_known = [_epochs(trial.hyperparameters.values) for trial in oracle.trials.values()]
        if already >= oracle.max_trials:
            self._console.print(f"all {oracle.max_trials} trials are done already")
        elif already or oracle.trials:
            self._console.print(f"going on: {already} of {oracle.max_trials} trials are done")
        if not self._console.is_terminal:
            yield
        else:
            with Live(get_renderable=self._live, console=self._console, refresh_per_second=4, transient=True):
                yield
        if already < len(oracle.end_order) < oracle.max_trials:
            self._console.print(f"the space has no further point: {len(oracle.end_order)} trials cover it")

    def trial_begins(self, task: "TrialTask") -> None:
        self._running[task.trial_id] = task
        self._epochs_known.append(_epochs(task.values))

    def trial_ends(self, trial: "Trial", directory: Path) -> None:
        del self._running[trial.trial_id]
        row = reader.read_trial(directory)
        self._epochs_done += row.get("epochs_run") or 0
        objective = self._oracle.objective
        if trial.score is None:
            outcome = f"FAILED: {row['error']}"
        else:
            outcome = f"{objective.name} {trial.score:.4f}"
            if row.get("best_epoch") is not None:
                outcome += f" at epoch {row['best_epoch']} of {row['epochs_run']}"
        parts = [
            f"[{len(self._oracle.end_order)}/{self._oracle.max_trials}] trial {trial.trial_id}",
            point(trial.hyperparameters.values) + (" (baseline)" if row.get("is_baseline") else ""),
            outcome,
            duration(row.get("duration_s") or 0.0),
            self._best(),
            self._left(),
        ]
        self._console.print(" | ".join(filter(None, parts)), markup=False)

    def _live(self) -> ConsoleRenderable:
        lines = []
        for task in self._running.values():
            curve = reader.read_epochs(task.directory)
            number = len(self._oracle.end_order) + 1
            line = f"[{number}/{self._oracle.max_trials}] trial {task.trial_id} | {point(task.values)} | "
            line += f"epoch {len(curve) + 1}"
            if "epochs" in task.values:
                line = f"{line} of {task.values['epochs']}"
            name = self._oracle.objective.name
            if curve and name in curve[-1]:
                line += f" | {name} {curve[-1][name]:.4f}"
            lines.append(line)
        lines.append(" | ".join(filter(None, [self._best(), self._left()])))
        return Group(*(Text(line, style="dim", no_wrap=True, overflow="ellipsis") for line in lines if line))

    def _best(self) -> str:
        best = self._oracle.get_best_trials(1)
        if not best or best[0].score is None:
            return ""
        return f"best {best[0].score:.4f} (trial {best[0].trial_id})"

    def _left(self) -> str:
        """How long the rest will take at the pace so far, trials to come being as long as those known."""
        under_way = {task.trial_id: len(reader.read_epochs(task.directory)) for task in self._running.values()}
        done = self._epochs_done + sum(under_way.values())
        to_come = self._oracle.max_trials - len(self._oracle.end_order) - len(under_way)
        if not done or not (to_come or under_way):
            return ""
        # The baseline comes first and is no guide to what an oracle asks for.
        known = self._epochs_known[1:] or self._epochs_known
        rest = sum(_epochs(task.values) - under_way[task.trial_id] for task in self._running.values())
        rest += to_come * sum(known) / len(known)
        return f"about {duration((time.monotonic() - self._began) / done * max(rest, 0))} left"


def point(values: Mapping[str, object]) -> str:
    """A point of a search space in one line: `filters=28 dropout=0.2`."""
    return " ".join(
        f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}" for name, value in values.items()
    )


def duration(seconds: float) -> str:
    """A time span for a person: `9.1 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def _epochs(values: Mapping[str, object]) -> int:
    return int(values.get("epochs", 1))
