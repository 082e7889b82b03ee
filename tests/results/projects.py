"""Keras Tuner projects in the format of any version, written without Keras Tuner."""

import json
from pathlib import Path
from typing import Any

NASTY = "=cmd|' /C calc'!A1\x1b]0;title\x07\n\u202e<b>*x*</b>"  # a formula, a terminal's title, marks of direction


def write_trial(project: Path, trial_id: str, **state: Any) -> Path:
    """Writes a completed trial, with `state` in place of the defaults; returns the content of its `trial.json`."""
    trial = {
        "trial_id": trial_id,
        "hyperparameters": {"space": [], "values": {}},
        "metrics": metrics(val_loss=0.5),
        "score": 0.5,
        "best_step": 1,
        "status": "COMPLETED",
    }
    path = project / f"trial_{trial_id}" / "trial.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(trial | state))
    return path


def metrics(**values: float | None) -> dict[str, Any]:
    """Metrics with a single observation each, of step 1; those with `acc` in their names are maximised."""
    by_name = {name: metric("max" if "acc" in name else "min", [value]) for name, value in values.items()}
    for entry in by_name.values():
        entry["observations"][0]["step"] = 1
    return {"metrics": by_name}


def metric(direction: str, *executions: list[float | None]) -> dict[str, Any]:
    """A metric with a list of values for each execution, a value per step."""
    steps = enumerate(zip(*executions, strict=True))
    return {"direction": direction, "observations": [{"value": list(value), "step": step} for step, value in steps]}


def hyperparameter(kind: str, name: str, **config: Any) -> dict[str, Any]:
    """An entry of a search space."""
    return {"class_name": kind, "config": {"name": name, **config}}
