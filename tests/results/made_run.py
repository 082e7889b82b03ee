"""Run directories as a search would leave them, written without one."""

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_search import results
from keras_search.results.evaluation import EvaluatedData, Evaluation, Training
from keras_search.results.verdict import Verdict, judge

SPACE = [
    {"class_name": "Choice", "config": {"name": "optimizer", "conditions": [], "values": ["sgd", "adam"]}},
    {"class_name": "Float", "config": {"name": "rate", "min_value": 1e-5, "max_value": 0.1, "sampling": "log"}},
    {"class_name": "Float", "config": {"name": "momentum", "min_value": 0.5, "max_value": 0.9}},
    {"class_name": "Choice", "config": {"name": "batch", "conditions": [], "values": [32, 128]}},
    {"class_name": "Boolean", "config": {"name": "norm", "conditions": []}},
]


def make_run(
    folder: Path,
    trials: Sequence[Mapping[str, Any]],
    objective: str = "val_accuracy:max",
    fingerprint: str = "a" * 64,
    space: Sequence[Mapping[str, Any]] = SPACE,
) -> results.Run:
    """Writes a run of `trials` and reads it.

    A trial is `values`, `score` (None: it failed), and what `record.json` has; trial 0 is the baseline. Its learning
    curve has three epochs, the last with the score.
    """
    name, direction = objective.split(":")
    folder.mkdir(parents=True)
    data = {"name": "digits", "source": "digits", "fingerprint": fingerprint, "notice": ""}
    data |= {"training_images": 500, "validation_images": 100}
    asked = {"space": "baseline_cnn", "seed": 0}
    run = {"objective": {"name": name, "direction": direction}, "dataset": data, "asked": asked}
    _write(folder / "run.json", run)
    _write(folder / "oracle.json", {"hyperparameters": {"space": list(space)}})
    for number, trial in enumerate(trials):
        directory = folder / f"trial_{number:04}"
        directory.mkdir()
        score = trial["score"]
        record = {"is_baseline": number == 0, "pruned": False, "parameters": 1000 * (number + 1), "duration_s": 2.5}
        record |= {"best_epoch": 3, "epochs_run": 3, "ended_at": f"2026-01-01T{number // 60:02}:{number % 60:02}:00"}
        record |= {key: value for key, value in trial.items() if key not in ("score", "values")}
        _write(directory / "record.json", record)
        about = {"trial_id": f"{number:04}", "hyperparameters": {"values": trial["values"]}, "score": score}
        about["status"] = "FAILED" if score is None else "COMPLETED"
        _write(directory / "trial.json", about)
        if score is not None:
            lines = [f"0,{epoch},{score - 0.01 * epoch},{score - 0.001 * (3 - epoch)}\n" for epoch in (1, 2, 3)]
            training = name.removeprefix("val_")
            (directory / "epochs.csv").write_text(f"execution,epoch,{training},{name}\n" + "".join(lines))
    return results.read(folder)


def evaluate(
    run: results.Run,
    baseline: Sequence[float],
    best: Sequence[float],
    documented: float | None = None,
    trial_id: str | None = None,
    same: bool = False,
) -> Verdict:
    """Writes an evaluation with these test accuracies into `run`; returns its verdict."""
    trainings = [
        Training(model, seed, epochs, accuracy, test_loss=0.1, train_s=1.0)
        for model, accuracies, epochs in (("baseline", baseline, 1), ("best", best, 7))
        for seed, accuracy in enumerate(accuracies)
    ]
    evaluation = Evaluation(
        dataset=EvaluatedData("digits", "a" * 64, training_images=1438, notice=""),
        trial_id=run.best["trial_id"] if trial_id is None else trial_id,
        hyperparameters=run.configuration,
        epochs=7,
        trainings=trainings,
        verdict=judge(baseline, best, documented),
        most_frequent_class=(0.1135, 1),
        reloaded_accuracy=best[0],
        same=same,
    )
    evaluation.write(run.path)
    return evaluation.verdict


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value))


def random_trials(count: int) -> list[dict[str, Any]]:
    """Trials of `SPACE`, whose score is decided by `rate`; `momentum` is active with sgd only. Every tenth fails."""
    rng = random.Random(0)
    trials = []
    for number in range(count):
        optimizer = rng.choice(["sgd", "adam"])
        exponent = rng.uniform(-5, -1)
        values: dict[str, Any] = {"optimizer": optimizer, "rate": 10**exponent, "batch": rng.choice([32, 128])}
        values["norm"] = rng.random() < 0.5
        if optimizer == "sgd":
            values["momentum"] = rng.uniform(0.5, 0.9)
        score = 0.9 + 0.02 * (exponent + 5) / 4 + rng.gauss(0, 0.001)
        failed = number % 10 == 9
        trials.append({"values": values, "score": None if failed else score, "pruned": number % 7 == 3 and not failed})
    return trials
