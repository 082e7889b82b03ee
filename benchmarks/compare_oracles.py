"""Every oracle and pruner on measured tables, over many seeds: what the defaults rest on.

    python benchmarks/compare_oracles.py --seeds 20

Nothing is trained: a trial's learning curve and its seconds are looked up in a table (`tabulate.py`,
`tabulate_deep.py`), on a clock of its own, with two trials at a time. The oracles and pruners are the toolkit's own,
asked and told as a search does. Where a table has no network at a point, the nearest one is trained, and told as the
point that was asked; freeze-thaw, which chooses among random points, chooses among those of the table. Regret is how
far the best trial so far is below the best of the table. Prints a Markdown table for each, and draws `oracles.png`,
the mean regret over the epochs trained.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from benchmarks.replay import Recorded, play  # noqa: E402
from keras_search.results import files, layout, verdict  # noqa: E402
from keras_search.results.trial_record import TrialRecord  # noqa: E402
from keras_search.tuner import oracles, runtime  # noqa: E402
from keras_search.tuner.trial import pruners  # noqa: E402

TRIALS = 20
WORKERS = 2
# With these pruners, beside all oracles without one.
PRUNED = [("random", "median"), ("random", "asha"), ("tpe", "median"), ("tpe", "asha")]
_OBJECTIVE = "val_accuracy"


@dataclass
class Search:
    """One search of a table.

    Attributes:
        epochs: Of a trial that trains to its end.
        regrets: (epochs trained so far, seconds so far, regret) after each trial, or part of one, that has ended.
        trials: How many trials began.
    """

    table: str
    oracle: str
    pruner: str
    seed: int
    epochs: int = 0
    trials: int = 0
    regrets: list[tuple[int, float, float]] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--oracles", default=",".join(available()), help="comma-separated")
    parser.add_argument("--tables", default="mnist,deep", help="comma-separated")
    parser.add_argument("--out", type=Path, default=Path("oracles.png"))
    arguments = parser.parse_args()
    if arguments.seeds < 2:
        sys.exit(f"--seeds is {arguments.seeds}: an interval needs at least 2")
    names, tables = arguments.oracles.split(","), arguments.tables.split(",")
    kinds = [(name, "none") for name in names] + [kind for kind in PRUNED if kind[0] in names]
    tasks = [Search(table, *kind, seed) for table in tables for kind in kinds for seed in range(arguments.seeds)]
    with ProcessPoolExecutor(WORKERS) as pool:
        searches = list(pool.map(search, tasks))
    print(f"Regret in points of validation accuracy, {arguments.seeds} seeds; mean and 95% interval")
    for table in tables:
        print(f"\n{table}:\n")
        print_table([one for one in searches if one.table == table])
    draw(searches, tables, arguments.out)
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


def search(task: Search) -> Search:
    """Runs one search of the table, for as many epochs as `TRIALS` full trials take."""
    runtime.load_keras()
    import keras_tuner

    from benchmarks.tables import TABLES

    table = TABLES[task.table]()
    task.epochs = table.epochs
    objective = keras_tuner.Objective(_OBJECTIVE, "max")
    oracle = oracles.make(task.oracle, objective, 10_000, task.seed, table.space)
    if hasattr(oracle, "_candidates"):
        # It chooses among random points: here among those of the table, rather than others that are trained as these.
        oracle._candidates = table.some
    begun: dict[str, int] = {}
    trained, best = 0, 0.0

    def ask() -> Recorded | None:
        if trained >= TRIALS * table.epochs:
            return None
        trial = oracle.create_trial(f"tuner{len(begun)}/{trained}")
        if trial.status != "RUNNING":
            return None
        if trial.trial_id not in begun:
            begun[trial.trial_id] = 0
            trial.hyperparameters.values |= table.nearest(trial.hyperparameters.values).values
        told = oracle.epochs_of(trial) or range(begun[trial.trial_id], oracle.pause_after(trial) or table.epochs)
        epochs = range(told.start + 1, min(told.stop, table.epochs) + 1)
        entry = table.nearest(trial.hyperparameters.values)
        return Recorded(
            curve={epoch: entry.curve[epoch - 1] for epoch in epochs},
            seconds=dict.fromkeys(epochs, entry.seconds),
            is_prunable=len(begun) > 1,
            source=trial,
        )

    def tell(recorded: Recorded, clock: float) -> None:
        nonlocal trained, best
        trial, last = recorded.source, max(recorded.seen)
        whole = table.nearest(trial.hyperparameters.values).curve
        directory = Path(oracle._get_trial_dir(trial.trial_id))
        record(directory, whole[:last], recorded.pruned)
        is_paused = not recorded.pruned and oracle.epochs_of(trial) is None and last < table.epochs
        oracle.trained(trial.trial_id, is_paused)
        trial.metrics = type(trial.metrics)()
        oracle.update_trial(trial.trial_id, {_OBJECTIVE: max(whole[:last])})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
        begun[trial.trial_id] = last
        trained += len(recorded.seen)
        best = max(best, recorded.score)
        task.regrets.append((trained, clock, table.optimum - best))

    with tempfile.TemporaryDirectory() as folder:
        oracles.adopt(oracle, dict(table.space.values))
        oracle._set_project_dir(folder, "run")
        play(ask, tell, pruners.get(task.pruner), WORKERS)
    task.trials = len(begun)
    return task


def record(directory: Path, curve: Sequence[float], pruned: bool) -> None:
    """Writes what oracles read of a trial."""
    TrialRecord(seed=0, is_baseline=False, started_at="", epochs_run=len(curve), pruned=pruned).save(directory)
    rows: list[Mapping[str, Any]] = [
        {"epoch": epoch, "execution": 0, _OBJECTIVE: value} for epoch, value in enumerate(curve, 1)
    ]
    files.write_csv(directory / layout.TRIAL_EPOCHS, ["epoch", "execution", _OBJECTIVE], rows)


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
    budget = TRIALS * searches[0].epochs
    parts = [budget // 8, budget // 4, budget // 2, budget]
    headings = [*(f"after {part:3} epochs" for part in parts), "trials begun"]
    print(f"| oracle      | pruner | {' | '.join(headings)} |")
    print(f"| ----------- | ------ | {' | '.join('-' * (len(heading) - 1) + ':' for heading in headings)} |")
    for (oracle, pruner), chosen in by_kind(searches).items():
        cells = [_points([regret_at(one, part) for one in chosen]) for part in parts]
        cells.append(f"{statistics.mean(one.trials for one in chosen):.0f}")
        padded = (cell.rjust(len(heading)) for cell, heading in zip(cells, headings, strict=True))
        print(f"| {oracle:11} | {pruner:6} | {' | '.join(padded)} |")


def _points(regrets: Sequence[float]) -> str:
    interval = verdict.mean(regrets)
    return f"{100 * interval.mean:.3f} ± {100 * (interval.high - interval.mean):.3f}"


def draw(searches: Sequence[Search], tables: Sequence[str], out: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    pyplot.style.use("tableau-colorblind10")
    figure, every = pyplot.subplots(
        1, len(tables), figsize=(1 + 5 * len(tables), 4.5), layout="constrained", squeeze=False
    )
    for table, axes in zip(tables, every[0], strict=True):
        _draw_table([one for one in searches if one.table == table], axes)
        axes.set_title(table)
    every[0][0].set_ylabel("regret, points of validation accuracy")
    every[0][-1].legend(fontsize="small")
    figure.savefig(out, dpi=150)


def _draw_table(searches: Sequence[Search], axes: Any) -> None:
    epochs = searches[0].epochs
    dashes = dict(zip((kind[1] for kind in PRUNED), ["dashed", "dotted"]))
    colours: dict[str, str] = {}
    at = range(epochs, TRIALS * epochs + 1)
    for (oracle, pruner), chosen in by_kind(searches).items():
        regrets = [100 * statistics.mean(regret_at(one, number) for one in chosen) for number in at]
        style = {"linestyle": dashes[pruner], "color": colours[oracle]} if pruner != "none" else {}
        label = oracle if pruner == "none" else f"{oracle}, {pruner} pruner"
        colours[oracle] = axes.plot(at, regrets, label=label, **style)[0].get_color()
    axes.set(xlabel=f"epochs trained ({epochs} a whole trial)", yscale="log")
    axes.grid(alpha=0.3)


if __name__ == "__main__":
    main()
