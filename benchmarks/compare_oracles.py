"""Every oracle and pruner on a measured table, over many seeds: what the defaults rest on.

    python benchmarks/compare_oracles.py --seeds 20

Nothing is trained: a trial's learning curve and its seconds are looked up in `table.csv` (see `tabulate.py`), on a
clock of its own, with two trials at a time. The oracles and pruners are the toolkit's own, asked and told as a search
does. Regret is how far the best trial so far is below the best of the table. Prints a table and draws
`oracles.png`, the mean regret over the epochs trained.
"""

import argparse
import csv
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
from benchmarks.replay import Recorded, play  # noqa: E402
from keras_search.results import verdict  # noqa: E402
from keras_search.tuner import oracles, runtime  # noqa: E402
from keras_search.tuner.trial import pruners  # noqa: E402

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
    print(f"Regret in points of validation accuracy, {len(seeds)} seeds; mean and 95% interval\n")
    print_table(searches)
    draw(searches, arguments.out)
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
    runtime.load_keras()
    import keras_tuner

    table = load()
    optimum = max(max(entry.curve) for entry in table.values())
    space = keras_tuner.HyperParameters()
    tabulate.declare(space)
    oracle = oracles.make(task.oracle, keras_tuner.Objective("val_accuracy", "max"), 10_000, task.seed, space)
    trained, best = 0, 0.0

    def ask() -> Recorded | None:
        if trained >= TRIALS * tabulate.EPOCHS:
            return None
        trial = oracle.create_trial(f"tuner{len(oracle.start_order)}")
        if trial.status != "RUNNING":
            return None
        values = trial.hyperparameters.values
        entry = table[tuple(float(values[name]) for name in tabulate.HYPERPARAMETERS)]
        told = oracle.epochs_of(trial) or range(tabulate.EPOCHS)
        epochs = range(told.start + 1, told.stop + 1)
        return Recorded(
            curve={epoch: entry.curve[epoch - 1] for epoch in epochs},
            seconds=dict.fromkeys(epochs, entry.seconds),
            is_prunable=len(oracle.start_order) > 1,
            source=trial,
        )

    def tell(recorded: Recorded, clock: float) -> None:
        nonlocal trained, best
        trial = recorded.source
        oracle.update_trial(trial.trial_id, {"val_accuracy": recorded.score})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
        trained += len(recorded.seen)
        best = max(best, recorded.score)
        task.regrets.append((trained, clock, optimum - best))

    with tempfile.TemporaryDirectory() as folder:
        oracles.adopt(oracle, dict(space.values))
        oracle._set_project_dir(folder, "run")
        play(ask, tell, pruners.get(task.pruner), WORKERS)
    return task


def regret_at(search: Search, epochs: int) -> float:
    """The regret once `epochs` epochs had been trained."""
    reached = [regret for trained, _, regret in search.regrets if trained <= epochs]
    return reached[-1] if reached else search.regrets[0][2]


def by_kind(searches: Sequence[Search]) -> dict[tuple[str, str], list[Search]]:
    """The searches of each oracle and pruner, over the seeds."""
    kinds: dict[tuple[str, str], list[Search]] = {}
    for one in searches:
        kinds.setdefault((one.oracle, one.pruner), []).append(one)
    return kinds


def print_table(searches: Sequence[Search]) -> None:
    budget = TRIALS * tabulate.EPOCHS
    headings = [f"regret after {TRIALS} trials", "epochs of these", f"regret after {budget} epochs", "trials in these"]
    print(f"| {'oracle':9} | {'pruner':6} | {' | '.join(headings)} |")
    print(f"| {'-' * 9} | {'-' * 6} | {' | '.join('-' * (len(heading) - 1) + ':' for heading in headings)} |")
    for (oracle, pruner), chosen in by_kind(searches).items():
        after_trials = [one.regrets[TRIALS - 1] for one in chosen]
        cells = [
            _points([regret for _, _, regret in after_trials]),
            f"{statistics.mean(epochs for epochs, _, _ in after_trials):.0f}",
            _points([regret_at(one, budget) for one in chosen]),
            f"{statistics.mean(sum(epochs <= budget for epochs, _, _ in one.regrets) for one in chosen):.0f}",
        ]
        padded = (cell.rjust(len(heading)) for cell, heading in zip(cells, headings))
        print(f"| {oracle:9} | {pruner:6} | {' | '.join(padded)} |")


def _points(regrets: Sequence[float]) -> str:
    interval = verdict.mean(regrets)
    return f"{100 * interval.mean:.3f} ± {100 * (interval.high - interval.mean):.3f}"


def draw(searches: Sequence[Search], out: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    pyplot.style.use("tableau-colorblind10")
    dashes = iter(["dashed", "dotted"])
    figure, axes = pyplot.subplots(figsize=(8, 5), layout="constrained")
    at = range(tabulate.EPOCHS, TRIALS * tabulate.EPOCHS + 1)
    for (oracle, pruner), chosen in by_kind(searches).items():
        regrets = [100 * statistics.mean(regret_at(one, epochs) for one in chosen) for epochs in at]
        if pruner == "none":
            axes.plot(at, regrets, label=oracle)
        else:
            axes.plot(at, regrets, color="black", linestyle=next(dashes), label=f"{oracle}, {pruner} pruner")
    axes.set(
        xlabel=f"epochs trained ({tabulate.EPOCHS} a trial that is not pruned)",
        ylabel="regret, points of validation accuracy",
        yscale="log",
    )
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(out, dpi=150)


if __name__ == "__main__":
    main()
