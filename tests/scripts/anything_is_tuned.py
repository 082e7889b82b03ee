"""Keras Tuner as a black-box optimizer: a run_trial without a model, and an oracle of one's own."""

import keras_tuner
import numpy as np
from keras_tuner.engine import trial as trial_module


class FunctionTuner(keras_tuner.RandomSearch):
    def run_trial(self, trial, *args, **kwargs):
        hp = trial.hyperparameters
        x = hp.Float("x", min_value=-1.0, max_value=1.0)
        return x * x + 1


class KerasFreeTuner(keras_tuner.BayesianOptimization):
    def run_trial(self, trial, data, degree_penalty=0.01):
        t, target = data
        degree = trial.hyperparameters.Int("degree", 1, 8)
        coefficients = np.polyfit(t, target, degree)
        error = np.mean((np.polyval(coefficients, t) - target) ** 2)
        return {"error": float(error + degree_penalty * degree), "degree": degree}


class CoarseToFine(keras_tuner.Oracle):
    """Walks through the middle of ever smaller parts around the best point that there is."""

    def populate_space(self, trial_id):
        values = {}
        done = self.get_best_trials(1)
        for hp in self.get_space().space:
            width = 0.5 ** len(self.trials)
            centre = hp.value_to_prob(done[0].hyperparameters.values[hp.name]) if done else 0.5
            values[hp.name] = hp.prob_to_value(float(np.clip(centre + width * (len(self.trials) % 3 - 1) / 2, 0, 0.999)))
        return {"status": trial_module.TrialStatus.RUNNING, "values": values}


first = FunctionTuner(max_trials=4, seed=1, overwrite=True, directory="my_dir", project_name="tune_anything")
first.search()
best = first.get_best_hyperparameters()[0]
print(best.get("x"))
assert best.get("x") ** 2 + 1 == first.oracle.get_best_trials()[0].score

t = np.linspace(-1, 1, 40)
second = KerasFreeTuner(
    objective=keras_tuner.Objective("error", "min"), max_trials=5, num_initial_points=3, seed=2, directory="my_dir", project_name="fit"
)
second.search((t, 4 * t**3 - 3 * t + np.random.default_rng(0).normal(0, 0.05, 40)))
second.results_summary(2)
assert second.oracle.get_best_trials()[0].metrics.exists("degree")


class Bowl(keras_tuner.Tuner):
    def run_trial(self, trial, centre):
        hp = trial.hyperparameters
        return (hp["a"] - centre) ** 2 + abs(hp["b"] - centre)


hp = keras_tuner.HyperParameters()
hp.Float("a", -1, 1)
hp.Int("b", -10, 10)
third = Bowl(
    oracle=CoarseToFine(objective=keras_tuner.Objective("default_objective", "min"), max_trials=6, hyperparameters=hp),
    directory="my_dir",
    project_name="own_oracle",
)
third.search(centre=0.3)
points = [(trial.hyperparameters["a"], trial.hyperparameters["b"]) for trial in third.oracle.trials.values()]
print(points)
assert len(points) == 6 and len(set(points)) > 1
print("FINISHED", len(first.oracle.trials), len(second.oracle.trials), len(third.oracle.trials))
