"""Removes what trials have left and nobody needs: weights that are beaten, checkpoints that no trial can go on from."""

from pathlib import Path

from keras_search.results import layout
from keras_search.tuner.keras_private import Trial, TrialStatus
from keras_search.tuner.search.ranking import Ranking


class LeftOvers:
    """Removes the files of beaten trials, as trials end.

    The first time it looks at all trials, as an earlier search may have kept more or may have been killed; from then on
    at those that have changed.

    Args:
        run: The run directory.
        keep_weights: For how many of the best trials the weights are kept; None for all.
    """

    def __init__(self, run: Path, keep_weights: int | None) -> None:
        self._run = run
        self._keep_weights = keep_weights
        self._is_first = True
        self._with_checkpoints: set[str] = set()

    def remove(self, ended: Trial, predecessor: str | None, ranking: Ranking, continuable: set[str]) -> None:
        """Removes what is no longer needed now that the trial `ended`.

        Args:
            ended: The trial.
            predecessor: The trial that it went on with.
            ranking: All completed trials, `ended` among them if it is one.
            continuable: The trials that another one may still go on with.
        """
        if self._keep_weights is not None:
            self._remove_weights(ended, ranking, self._keep_weights)
        self._remove_checkpoints({ended.trial_id, *filter(None, [predecessor])}, continuable)
        self._is_first = False

    def _remove_weights(self, ended: Trial, ranking: Ranking, keep: int) -> None:
        beaten = list(ranking)[keep:] if self._is_first else []
        if ended.status == TrialStatus.COMPLETED and not self._is_first:
            # It took the place of one, or has no place among the best itself: the best may have changed while it ran.
            beaten = [trial for trial in (ended, ranking.at(keep)) if trial and ranking.place(trial) >= keep]
        for trial in beaten:
            directory = self._directory(trial.trial_id)
            # Without a record, Keras Tuner has trained it.
            if (directory / layout.TRIAL_RECORD).exists():
                layout.weights(directory).unlink(missing_ok=True)

    def _remove_checkpoints(self, changed: set[str], continuable: set[str]) -> None:
        pattern = layout.TRIAL_CHECKPOINT.format(execution="*")
        self._with_checkpoints |= changed
        if self._is_first:
            paths = self._run.glob(f"{layout.TRIAL_PREFIX}*/{pattern}")
            self._with_checkpoints |= {path.parent.name.removeprefix(layout.TRIAL_PREFIX) for path in paths}
        for trial_id in self._with_checkpoints - continuable:
            for path in self._directory(trial_id).glob(pattern):
                path.unlink()
        self._with_checkpoints &= continuable

    def _directory(self, trial_id: str) -> Path:
        return self._run / f"{layout.TRIAL_PREFIX}{trial_id}"
