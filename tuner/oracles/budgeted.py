"""Points that say for how many epochs they are trained, and with which trial's model they begin."""

from keras_search.results import layout
from keras_search.tuner.keras_private import Trial
from keras_search.tuner.oracles.recorded import Recorded

# What Keras Tuner's Hyperband notes among the values of a point: the epochs up to which and from which it is trained,
# and the trial that it goes on with.
BUDGET = layout.NOTED_EPOCHS
BUDGET_BEFORE = f"{layout.NOTE_PREFIX}initial_epoch"
CONTINUED = f"{layout.NOTE_PREFIX}trial_id"


class Budgeted(Recorded):
    """Goes by what stands among the values; that may be nothing, in an oracle of the user's own."""

    def epochs_of(self, trial: Trial) -> range | None:
        values = trial.hyperparameters.values
        return range(values.get(BUDGET_BEFORE, 0), values[BUDGET]) if BUDGET in values else None

    def predecessor(self, trial: Trial) -> str | None:
        return trial.hyperparameters.values.get(CONTINUED)

    def continuable(self) -> set[str]:
        running = [trial for trial in self.trials.values() if trial.status == "RUNNING"]
        return {trial_id for trial_id in map(self.predecessor, running) if trial_id is not None}
