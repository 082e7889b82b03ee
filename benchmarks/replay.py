"""Trials played back on a clock of their own, from learning curves that were measured before."""

import functools
import heapq
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from keras_search.tuner.trial import pruners
from keras_search.tuner.trial.pruners import Pruner


@dataclass
class Recorded:
    """A trial to play back.

    Attributes:
        curve: The objective after each epoch that it may train; larger is better.
        seconds: What each of these epochs took.
        start_s: Seconds before its first epoch.
        is_prunable: Whether a pruner may end it.
        source: What the caller knows it by.
        seen: As much of the curve as has been played.
        pruned: Whether a pruner has ended it.
    """

    curve: Mapping[int, float]
    seconds: Mapping[int, float]
    start_s: float = 0.0
    is_prunable: bool = True
    source: Any = None
    seen: dict[int, float] = field(default_factory=dict)
    pruned: bool = False

    @property
    def score(self) -> float:
        return max(self.seen.values())


def play(
    ask: Callable[[], Recorded | None], tell: Callable[[Recorded, float], None], pruner: Pruner | None, workers: int
) -> None:
    """Plays trials back as a search runs them.

    Args:
        ask: Gives the next trial; None where none can begin now.
        tell: Called with each trial that has ended, and with the seconds on the clock.
        pruner: Decides after each epoch but a trial's last, by the curves of all others so far.
        workers: How many are played at once.
    """
    clock, free = 0.0, workers
    begun: list[Recorded] = []
    events: list[tuple[float, int, Recorded]] = []
    ties = itertools.count()
    while True:
        while free and (trial := ask()) is not None:
            free -= 1
            begun.append(trial)
            heapq.heappush(events, (clock + trial.start_s + trial.seconds[min(trial.curve)], next(ties), trial))
        if not events:
            return
        clock, _, trial = heapq.heappop(events)
        epoch = min(trial.curve) + len(trial.seen)
        trial.seen[epoch] = trial.curve[epoch]
        if epoch < max(trial.curve):
            others = functools.partial(pruners.bests, [other.seen for other in begun if other is not trial])
            trial.pruned = pruner is not None and trial.is_prunable and pruner.prunes(trial.seen, others)
            if not trial.pruned:
                heapq.heappush(events, (clock + trial.seconds[epoch + 1], next(ties), trial))
                continue
        free += 1
        tell(trial, clock)
