"""Every oracle and pruner on a measured table, over many seeds: what the defaults rest on.

    python benchmarks/compare_oracles.py --seeds 20

Nothing is trained: a trial's learning curve and its seconds are looked up in `table.csv` (see `tabulate.py`), on a
clock of its own, with two trials at a time. The oracles and pruners are the toolkit's own, asked and told as a search
does. Regret is how far the best trial so far is below the best of the table. Prints two tables and draws
`oracles.png`, the mean regret over the epochs trained.
"""

import argparse
import csv
import heapq
import itertools
import statistics
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from benchmarks import tabulate  # noqa: E402
from results import verdict  # noqa: E402
from tuner import oracles, pruners, runtime  # noqa: E402

TRIALS = 20
WORKERS = 2
Key = tuple[Any, ...]


@dataclass(frozen=True)
class Entry:
    """One network of the table: the validation accuracy after each epoch, and the seconds of an epoch."""

    curve: tuple[float, ...]
    seconds: float


@dataclass
class Search:
    """One search of the table.

    Attributes:
        regrets: (epochs trained so far, seconds so far, regret) after each trial.
    """

    oracle: str
    pruner: str
    seed: int
    regrets: list[tuple[int, float, float]] = field(default_factory=list)


@dataclass
class Running:
    """A trial under way: its point, the epochs it has behind it and its curve, larger is better."""

    trial: Any
    entry: Entry
    slot: str
    first: int
    last: int
    curve: dict[int, float] = field(default_factory=dict)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--oracles", default=",".join(available()), help="comma-separated")
    parser.add_argument("--out", type=Path, default=Path("oracles.png"))
    arguments = parser.parse_args()
    if arguments.seeds < 2:
        sys.exit(f"--seeds is {arguments.seeds}: an interval needs at least 2")
    if not tabulate.TABLE.is_file():
        sys.exit(f"there is no {tabulate.TABLE}: measure it first, by tabulate.py")
    names = arguments.oracles.split(",")
    seeds = range(arguments.seeds)
    tasks = [Search(name, "none", seed) for name in names for seed in seeds]
    tasks += [Search("random", pruner, seed) for pruner in pruners.PRUNERS if pruner != "none" for seed in seeds]
    with ProcessPoolExecutor(WORKERS) as pool:
        searches = list(pool.map(search, tasks))
    print(f"The best of {TRIALS} trials, or of the same number of epochs, {len(seeds)} seeds; mean and 95% interval\n")
    print_table(searches, names)
    draw(searches, names, arguments.out)
    print(f"\nWritten: {arguments.out}")


def available() -> list[str]:
    """The oracles whose packages are installed."""
    names = []
    for name in oracles.ORACLES:
        try:
            oracles.check(name)
        except ValueError:
            continue
        names.append(name)
    return names


def load() -> dict[Key, Entry]:
    """The table, by the values of its hyperparameters."""
    epochs = [str(epoch) for epoch in range(1, tabulate.EPOCHS + 1)]
    with tabulate.TABLE.open(newline="") as file:
        return {
            tuple(float(row[name]) for name in tabulate.HYPERPARAMETERS): Entry(
                tuple(float(row[epoch]) for epoch in epochs), float(row["seconds"])
            )
            for row in csv.DictReader(file)
        }


def search(task: Search) -> Search:
    """Runs one search of the table, as long as `TRIALS` full trials take in epochs."""
    runtime.load_tensorflow()
    import keras_tuner

    table = load()
    optimum = max(max(entry.curve) for entry in table.values())
    space = keras_tuner.HyperParameters()
    tabulate.declare(space)
    oracle = oracles.make(task.oracle, keras_tuner.Objective("val_accuracy", "max"), 10_000, task.seed, space)
    pruner = pruners.get(task.pruner)
    clock, trained, best = 0.0, 0, 0.0
    count = itertools.count()
    baseline = None
    events: list[tuple[float, int, Running]] = []
    curves: dict[str, dict[int, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        oracles.adopt(oracle, dict(space.values))
        oracle._set_project_dir(folder, "run")
        free = [f"tuner{slot}" for slot in range(WORKERS)]
        while True:
            while free and trained < TRIALS * tabulate.EPOCHS:
                trial = oracle.create_trial(free[-1])
                if trial.status != "RUNNING":
                    break
                baseline = baseline or trial
                values = trial.hyperparameters.values
                entry = table[tuple(float(values[name]) for name in tabulate.HYPERPARAMETERS)]
                first = values.get(oracles.BUDGET_BEFORE, 0)
                running = Running(trial, entry, free.pop(), first, values.get(oracles.BUDGET, tabulate.EPOCHS))
                curves[trial.trial_id] = running.curve
                heapq.heappush(events, (clock + entry.seconds, next(count), running))
            if not events:
                return task
            clock, _, running = heapq.heappop(events)
            epoch = running.first + len(running.curve) + 1
            running.curve[epoch] = running.entry.curve[epoch - 1]
            trained += 1
            others = [curve for trial_id, curve in curves.items() if trial_id != running.trial.trial_id]
            may_prune = pruner is not None and epoch < running.last and running.trial is not baseline
            is_pruned = may_prune and pruner.prunes(running.curve, others)
            if epoch < running.last and not is_pruned:
                heapq.heappush(events, (clock + running.entry.seconds, next(count), running))
                continue
            free.append(running.slot)
            score = max(running.curve.values())
            oracle.update_trial(running.trial.trial_id, {"val_accuracy": score})
            running.trial.status = "COMPLETED"
            oracle.end_trial(running.trial)
            best = max(best, score)
            task.regrets.append((trained, clock, optimum - best))


def regret_at(search: Search, epochs: int) -> float:
    """The regret once `epochs` epochs had been trained."""
    reached = [regret for trained, _, regret in search.regrets if trained <= epochs]
    return reached[-1] if reached else search.regrets[0][2]


def print_table(searches: Sequence[Search], names: Sequence[str]) -> None:
    budgets = [TRIALS // 2 * tabulate.EPOCHS, TRIALS * tabulate.EPOCHS]
    headings = " | ".join(f"{f'regret after {budget} epochs':>23}" for budget in budgets)
    print(f"| {'oracle':10} | {'pruner':6} | {headings} | trials |")
    print(f"| {'-' * 10} | {'-' * 6} | " + " | ".join("-" * 22 + ":" for _ in budgets) + " | -----: |")
    kinds = [(name, "none") for name in names] + [("random", name) for name in pruners.PRUNERS if name != "none"]
    for oracle, pruner in kinds:
        chosen = [one for one in searches if (one.oracle, one.pruner) == (oracle, pruner)]
        cells = []
        for budget in budgets:
            interval = verdict.mean([regret_at(one, budget) for one in chosen])
            cells.append(f"{100 * interval.mean:.3f} ± {100 * (interval.high - interval.mean):.3f}")
        trials = statistics.mean(len(one.regrets) for one in chosen)
        print(f"| {oracle:10} | {pruner:6} | " + " | ".join(f"{cell:>23}" for cell in cells) + f" | {trials:6.1f} |")


def draw(searches: Sequence[Search], names: Sequence[str], out: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 5), layout="constrained")
    at = range(tabulate.EPOCHS, TRIALS * tabulate.EPOCHS + 1)
    for name in names:
        chosen = [one for one in searches if (one.oracle, one.pruner) == (name, "none")]
        axes.plot(at, [100 * statistics.mean(regret_at(one, epochs) for one in chosen) for epochs in at], label=name)
    axes.set(xlabel="epochs trained", ylabel="regret, points of validation accuracy", yscale="log")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(out, dpi=150)


if __name__ == "__main__":
    main()
