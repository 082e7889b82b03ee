"""What a user of each library would write to tune a task of `evening_tasks.py`, with its documented defaults.

    python benchmarks/evening_peers.py PEER TASK MINUTES SEED FOLDER

Run by `evening.py`. What takes no time limit is ended by `evening.py`.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import evening_tasks
from benchmarks.evening_tasks import Data, Scores, Task, scores_path

# Keras Tuner's searches have no time limit; this is more than there is time for.
_MANY = 100_000


def main() -> None:
    peer, task, minutes, seed, folder = sys.argv[1:]
    PEERS[peer](evening_tasks.TASKS[task], 60 * float(minutes), int(seed), folder)


def hypermodel(task: Task, kt: Any, folder: str) -> Any:
    """The task in Keras Tuner's terms; the data are the arguments of `search`."""

    class Tuned(kt.HyperModel):
        def build(self, hp: Any) -> Any:
            task.declare(hp)
            return task.build(hp)

        def fit(self, hp: Any, model: Any, *args: Any, callbacks: Sequence[Any] = (), **kwargs: Any) -> Any:
            # Hyperband has its own number of epochs.
            epochs = kwargs.pop("epochs", hp["epochs"])
            return model.fit(
                *args,
                epochs=epochs,
                batch_size=hp.values.get("batch_size", 32),
                callbacks=[*callbacks, *task.callbacks(hp), Scores(scores_path(folder), hp.values)],
                **kwargs,
            )

    return Tuned()


def keras_tuner(kind: str) -> Callable[..., None]:
    def search(task: Task, seconds: float, seed: int, folder: str) -> None:
        import keras_tuner as kt

        limits = {"max_epochs": task.epochs} if kind == "Hyperband" else {"max_trials": _MANY}
        tuner = getattr(kt, kind)(
            hypermodel(task, kt, folder), objective="val_accuracy", seed=seed, directory=folder, **limits
        )
        data = task.load()
        tuner.search(*data.train, validation_data=data.validation, verbose=0)

    return search


def ours(**options: Any) -> Callable[..., None]:
    def search(task: Task, seconds: float, seed: int, folder: str) -> None:
        import keras_search as kt

        tuner = kt.Tuner(
            hypermodel(task, kt, folder), seed=seed, directory=folder, time_budget=seconds - _begun_s(), **options
        )
        data = task.load()
        tuner.search(*data.train, validation_data=data.validation)

    return search


def optuna(pruner: str, jobs: int = 1) -> Callable[..., None]:
    def search(task: Task, seconds: float, seed: int, folder: str) -> None:
        import keras
        import optuna

        data = task.load()

        class Report(keras.callbacks.Callback):
            def __init__(self, trial: Any) -> None:
                super().__init__()
                self.trial = trial

            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
                self.trial.report(logs["val_accuracy"], epoch)
                if self.trial.should_prune():
                    raise optuna.TrialPruned

        def objective(trial: Any) -> float:
            hp = Suggested(trial)
            task.declare(hp)
            scores = Scores(scores_path(folder), hp.values)
            model = evening_tasks.trained(task, hp, data, [scores, Report(trial)])
            return max(model.history.history["val_accuracy"])

        study = optuna.create_study(
            direction="maximize",
            sampler=optuna.samplers.TPESampler(seed=seed),
            pruner=getattr(optuna.pruners, pruner)(),
        )
        study.optimize(objective, timeout=seconds - _begun_s(), n_jobs=jobs)

    return search


def ray_asha(task: Task, seconds: float, seed: int, folder: str) -> None:
    import ray
    from ray import tune
    from ray.tune.schedulers import ASHAScheduler

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    data = task.load()
    space = Space()
    task.declare(space)

    def train(config: dict[str, Any], data: Data) -> None:
        import keras

        class Report(keras.callbacks.Callback):
            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
                tune.report({"val_accuracy": logs["val_accuracy"]})

        hp = Given(config)
        evening_tasks.trained(task, hp, data, [Scores(scores_path(folder), hp.values), Report()])

    tuner = tune.Tuner(
        tune.with_parameters(train, data=data),
        param_space=space.of_ray(tune, seed),
        tune_config=tune.TuneConfig(
            metric="val_accuracy",
            mode="max",
            scheduler=ASHAScheduler(max_t=task.epochs),
            num_samples=-1,
            max_concurrent_trials=2,
            time_budget_s=seconds - _begun_s(),
        ),
        run_config=tune.RunConfig(storage_path=str(Path(folder).resolve()), verbose=0),
    )
    tuner.fit()


class Given:
    """A point, read by the names of its hyperparameters."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = dict(values)

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


class Suggested(Given):
    """The space of a task, declared by what an Optuna trial suggests."""

    def __init__(self, trial: Any) -> None:
        super().__init__({})
        self._trial = trial
        self._is_active = True

    def Int(self, name: str, low: int, high: int, step: int = 1, sampling: str = "linear", default: Any = None) -> None:
        self._note(name, lambda: self._trial.suggest_int(name, low, high, step=step, log=sampling == "log"))

    def Float(
        self, name: str, low: float, high: float, step: Any = None, sampling: str = "linear", default: Any = None
    ) -> None:
        self._note(name, lambda: self._trial.suggest_float(name, low, high, step=step, log=sampling == "log"))

    def Choice(self, name: str, values: Sequence[Any], default: Any = None) -> None:
        self._note(name, lambda: self._trial.suggest_categorical(name, values))

    def Boolean(self, name: str, default: Any = None) -> None:
        self.Choice(name, [False, True])

    @contextmanager
    def conditional_scope(self, name: str, values: Sequence[Any]) -> Iterator[None]:
        before = self._is_active
        self._is_active = before and self.values.get(name) in values
        yield
        self._is_active = before

    def _note(self, name: str, suggest: Callable[[], Any]) -> None:
        if self._is_active:
            self.values[name] = suggest()


class Space:
    """The space of a task as a list, for Ray, which has no conditions: every value is drawn, whether used or not."""

    def __init__(self) -> None:
        self._declared: dict[str, tuple[str, Any]] = {}

    def Int(self, name: str, low: int, high: int, step: int = 1, sampling: str = "linear", default: Any = None) -> None:
        kind = ("lograndint", (low, high + 1)) if sampling == "log" else ("qrandint", (low, high, step))
        self._declared[name] = kind if step > 1 or sampling == "log" else ("randint", (low, high + 1))

    def Float(
        self, name: str, low: float, high: float, step: Any = None, sampling: str = "linear", default: Any = None
    ) -> None:
        kind = ("loguniform", (low, high)) if sampling == "log" else ("uniform", (low, high))
        self._declared[name] = kind if step is None else ("quniform", (low, high, step))

    def Choice(self, name: str, values: Sequence[Any], default: Any = None) -> None:
        self._declared[name] = "choice", (list(values),)

    def Boolean(self, name: str, default: Any = None) -> None:
        self.Choice(name, [False, True])

    @contextmanager
    def conditional_scope(self, name: str, values: Sequence[Any]) -> Iterator[None]:
        yield

    def of_ray(self, tune: Any, seed: int) -> dict[str, Any]:
        return {name: getattr(tune, kind)(*arguments) for name, (kind, arguments) in self._declared.items()}


def _begun_s() -> float:
    """The seconds since this process began: the time limit counts from there."""
    import time

    import psutil

    return time.time() - psutil.Process().create_time()


PEERS: dict[str, Callable[..., None]] = {
    "keras-tuner-random": keras_tuner("RandomSearch"),
    "keras-tuner-hyperband": keras_tuner("Hyperband"),
    "keras-tuner-bayesian": keras_tuner("BayesianOptimization"),
    "optuna-median": optuna("MedianPruner"),
    "optuna-median-2": optuna("MedianPruner", jobs=2),
    "optuna-hyperband": optuna("HyperbandPruner"),
    "optuna-hyperband-2": optuna("HyperbandPruner", jobs=2),
    "ray-asha": ray_asha,
    "ours-random": ours(oracle="random", max_trials=_MANY),
    "ours": ours(),
}

if __name__ == "__main__":
    main()
