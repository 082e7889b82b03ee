"""What a search does beside its trials, as more and more have finished: CPU a trial, CPU of a pruner an epoch.

    python benchmarks/scale.py
    python benchmarks/scale.py --against ../before --trials 10 1000

Runs with so many finished trials are made, and gone on with by null trials, whose workers take no time
(`null_trials.py`): what is left is the work of the parent. With `--against`, another checkout does the same, in turn.
Optuna alone is asked and told as often, in memory. Figures are medians of `--rounds`.
"""

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from loky import cpu_count

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import watched  # noqa: E402

ORACLES = ("random", "tpe")
_ASKED = 30

Figures = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, nargs="+", default=[10, 1000, 3000, 10_000], help="finished trials")
    parser.add_argument("--against", type=Path, help="another checkout, to compare with")
    parser.add_argument("--rounds", type=int, default=1)
    arguments = parser.parse_args()
    sides = {"now": ROOT} | ({"before": arguments.against.resolve()} if arguments.against else {})
    print(f"{date.today()}, {watched.processor()}, {cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    columns = ["ms of CPU a trial", "ms a trial", "s to go on", "CPU s to go on"]
    print_row("finished", "oracle", "side", *columns)
    print_row("---:", "---", "---", *("---:" for _ in columns))
    with tempfile.TemporaryDirectory() as folder:
        for finished in arguments.trials:
            for oracle in ORACLES:
                filled = Path(folder) / f"{oracle}-{finished}"
                run("fill", ROOT, filled, oracle, finished)
                searches(sides, arguments.rounds, filled, oracle, finished)
                if oracle == "random":
                    pruners(sides, arguments.rounds, filled, oracle, finished)
                shutil.rmtree(filled)
            print_row(f"{finished:,}", "tpe", "Optuna alone", milliseconds(optuna_alone(finished)), "", "", "")


def searches(sides: dict[str, Path], rounds: int, filled: Path, oracle: str, finished: int) -> None:
    for side, figures in alternating(sides, rounds, "search", filled, oracle, finished).items():
        cpu, wall = milliseconds(figures["cpu_s"]), milliseconds(figures["wall_s"])
        resumed = f"{figures['resumed_s']:.1f}", f"{figures['resumed_cpu_s']:.1f}"
        print_row(f"{finished:,}", oracle, side, cpu, wall, *resumed)


def pruners(sides: dict[str, Path], rounds: int, filled: Path, oracle: str, finished: int) -> None:
    for side, figures in alternating(sides, rounds, "pruner", filled, oracle, finished).items():
        each = f"{milliseconds(figures['cpu_s'])} an epoch"
        print_row(f"{finished:,}", "ASHA", side, each, "", "", f"{figures['first_s']:.1f} in the first epoch")


def milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.1f}"


def alternating(sides: dict[str, Path], rounds: int, what: str, filled: Path, *asked: Any) -> dict[str, Figures]:
    """The medians of every side, which take turns."""
    measured: dict[str, list[Figures]] = {side: [] for side in sides}
    for _ in range(rounds):
        for side, checkout in sides.items():
            copy = filled.with_name("copy")
            shutil.copytree(filled, copy)
            measured[side].append(json.loads(run(what, checkout, copy, *asked).splitlines()[-1]))
            shutil.rmtree(copy)
    return {
        side: {name: statistics.median(figures[name] for figures in taken) for name in taken[0]}
        for side, taken in measured.items()
    }


def run(what: str, checkout: Path, *asked: Any) -> str:
    """Runs a part of `null_trials.py` with the toolkit of `checkout`; returns what it printed."""
    command = [sys.executable, str(ROOT / "benchmarks" / "null_trials.py"), what, *map(str, asked)]
    environment = os.environ | {"PYTHONPATH": str(checkout), "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


def optuna_alone(finished: int) -> float:
    """The seconds of CPU that Optuna takes to be asked for a point of the same space and told its score."""
    import optuna
    from optuna import distributions as kinds

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    rng = random.Random(0)
    space: dict[str, tuple[kinds.BaseDistribution, Callable[[], Any]]] = {
        "units": (kinds.IntDistribution(0, 63), lambda: rng.randrange(64)),
        "layers": (kinds.IntDistribution(0, 3), lambda: rng.randrange(4)),
        "dropout": (kinds.FloatDistribution(0, 1), rng.random),
        "learning_rate": (kinds.FloatDistribution(0, 1), rng.random),
        "optimizer": (kinds.CategoricalDistribution(range(3)), lambda: rng.randrange(3)),
        "norm": (kinds.CategoricalDistribution(range(2)), lambda: rng.randrange(2)),
    }
    distributions = {name: distribution for name, (distribution, _) in space.items()}
    sampler = optuna.samplers.TPESampler(seed=0, constant_liar=True)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for _ in range(finished):
        params = {name: draw() for name, (_, draw) in space.items()}
        study.add_trial(optuna.trial.create_trial(params=params, distributions=distributions, value=rng.random()))
    seconds = []
    for _ in range(_ASKED):
        began = time.process_time()
        study.tell(study.ask(distributions), rng.random())
        seconds.append(time.process_time() - began)
    return statistics.mean(seconds[1:])


def print_row(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
