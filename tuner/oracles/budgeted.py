"""Points that contain the epochs to train for, and the trial whose model they begin with."""

from collections.abc import Iterable

from keras_search.results import layout
from keras_search.search_spaces import epochs
from keras_search.search_spaces.space import Value
from keras_search.tuner.keras_private import HyperParameter, Trial
from keras_search.tuner.oracles import points
from keras_search.tuner.oracles.recorded import Recorded

# What Keras Tuner's Hyperband adds to the values of a point: the epochs at which its training ends and begins, and the
# trial whose training it continues.
BUDGET = layout.NOTED_EPOCHS
BUDGET_BEFORE = f"{layout.NOTE_PREFIX}initial_epoch"
CONTINUED = f"{layout.NOTE_PREFIX}trial_id"


class Budgeted(Recorded):
    """Reads epochs and predecessors from the values of points, which need not have them in the user's own oracle."""

    def epochs_of(self, trial: Trial) -> range | None:
        values = trial.hyperparameters.values
        return range(values.get(BUDGET_BEFORE, 0), values[BUDGET]) if BUDGET in values else None

    def predecessor(self, trial: Trial) -> str | None:
        return trial.hyperparameters.values.get(CONTINUED)

    def continuable(self) -> set[str]:
        running = [trial for trial in self.trials.values() if trial.status == "RUNNING"]
        return {trial_id for trial_id in map(self.predecessor, running) if trial_id is not None}


def most_epochs(declared: Iterable[HyperParameter]) -> int:
    """The largest value of the hyperparameter `epochs`, which may be declared several times."""
    values: list[Value] = []
    for hp in declared:
        values += [points.nearest(hp, hp.max_value)] if isinstance(hp, points.Range) else hp.values
    return max(number for number in map(epochs.whole, values) if number is not None)
