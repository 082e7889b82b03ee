"""The completed trials of a search by their scores, kept in order as trials end."""

import bisect
from collections.abc import Iterable, Iterator

from keras_search.results.reading import trial_rows
from keras_search.tuner.keras_private import Trial, TrialStatus


class Ranking:
    """The completed ones of `trials`, the best first; of equal scores the trial that was drawn first.

    `Oracle.get_best_trials` sorts all trials again each time, and may give others too.

    Args:
        trials: All trials so far.
        direction: The objective's, `min` or `max`.
    """

    def __init__(self, trials: Iterable[Trial], direction: str) -> None:
        self._sign = -1 if direction == "max" else 1
        self._trials = sorted(filter(_is_completed, trials), key=self._key)

    def __len__(self) -> int:
        return len(self._trials)

    def __iter__(self) -> Iterator[Trial]:
        return iter(self._trials)

    def at(self, place: int) -> Trial | None:
        """The trial at `place`, counted from 0; None if there are fewer."""
        return self._trials[place] if place < len(self._trials) else None

    def add(self, trial: Trial) -> None:
        """Puts a trial that has ended in its place, if it is completed and not there yet."""
        if _is_completed(trial) and self.at(self.place(trial)) is not trial:
            bisect.insort(self._trials, trial, key=self._key)

    def remove(self, trial: Trial) -> None:
        """Takes out a trial that goes on; its score must still be that with which it was added."""
        place = self.place(trial)
        if self.at(place) is trial:
            del self._trials[place]

    def place(self, trial: Trial) -> int:
        """The place of a completed trial, counted from 0."""
        return bisect.bisect_left(self._trials, self._key(trial), key=self._key)

    def _key(self, trial: Trial) -> tuple[float, tuple[int, str, str]]:
        return self._sign * float(trial.score or 0.0), trial_rows.trial_order(trial.trial_id)


def _is_completed(trial: Trial) -> bool:
    return trial.status == TrialStatus.COMPLETED
