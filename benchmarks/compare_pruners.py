"""What every pruner would have done to searches that were made without one.

    python cli.py search --seed 1 --oracle random --run pruning-1 ...
    python benchmarks/compare_pruners.py runs/pruning-*

Random search asks the same points whatever a pruner does, and a trial's epochs do not depend on when it ends: so a
search with a pruner is one without, cut short. Every run is played back from its measured learning curves and
seconds, on two workers, with the toolkit's own pruners. Prints a table: time saved, and best score lost.
"""

import argparse
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from benchmarks.replay import Recorded, play  # noqa: E402
from keras_search import results  # noqa: E402
from keras_search.results import verdict  # noqa: E402
from keras_search.tuner.trial import pruners  # noqa: E402
from keras_search.tuner.trial.pruners import Pruner  # noqa: E402

WORKERS = 2


@dataclass(frozen=True)
class Outcome:
    """One search: its best score (larger is better), its seconds, the epochs it trained, the trials it gave up."""

    best: float
    seconds: float
    epochs: int
    pruned: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", type=Path, help="run directories of `search --oracle random --pruner none`")
    arguments = parser.parse_args()
    if len(arguments.runs) < 2:
        sys.exit("give at least 2 runs: one says nothing about chance")
    runs = [results.read(path) for path in arguments.runs]
    for run in runs:
        asked = run.info["asked"]
        if (asked["oracle"], asked["pruner"]) != ("random", "none"):
            sys.exit(f"{run.path} was made with {asked['oracle']} and {asked['pruner']}: only random and none can be")
    print(f"{len(runs)} searches of {len(runs[0].trials)} trials, on {WORKERS} workers; mean and 95% interval\n")
    whole = [replay(run, None) for run in runs]
    headings = ["trials pruned", "epochs saved", "    time saved", "best score lost"]
    print(f"| {'pruner':6} | {' | '.join(headings)} |")
    print(f"| {'-' * 6} | {' | '.join('-' * (len(heading) - 1) + ':' for heading in headings)} |")
    for name, pruner in pruners.PRUNERS.items():
        if pruner is not None:
            print(_line(name, whole, [replay(run, pruner) for run in runs]))


def replay(run: results.Run, pruner: Pruner | None) -> Outcome:
    """`run` as it would have gone with `pruner`."""
    waiting = _recorded(run)[::-1]
    ended: list[tuple[Recorded, float]] = []
    play(lambda: waiting.pop() if waiting else None, lambda *end: ended.append(end), pruner, WORKERS)
    return Outcome(
        best=max(trial.score for trial, _ in ended),
        seconds=max(clock for _, clock in ended),
        epochs=sum(len(trial.seen) for trial, _ in ended),
        pruned=sum(trial.pruned for trial, _ in ended),
    )


def _recorded(run: results.Run) -> list[Recorded]:
    objective = run.info["objective"]
    sign = 1.0 if objective["direction"] == "max" else -1.0
    curves = {str(trial_id): curve.set_index("epoch") for trial_id, curve in run.epochs.groupby("trial_id")}
    return [
        Recorded(
            curve=(sign * curves[row.trial_id][objective["name"]]).to_dict(),
            seconds=curves[row.trial_id]["seconds"].to_dict(),
            start_s=max(0.0, row.duration_s - curves[row.trial_id]["seconds"].sum()),
            is_prunable=not row.is_baseline,
        )
        for row in run.finished.sort_index().sort_values("started_at", kind="stable").itertuples()
    ]


def _line(name: str, whole: Sequence[Outcome], cut: Sequence[Outcome]) -> str:
    pruned = statistics.mean(one.pruned for one in cut)
    epochs = statistics.mean(1 - one.epochs / before.epochs for one, before in zip(cut, whole))
    seconds = verdict.mean([1 - one.seconds / before.seconds for one, before in zip(cut, whole)])
    lost = verdict.mean([before.best - one.best for one, before in zip(cut, whole)])
    return (
        f"| {name:6} | {pruned:13.1f} | {100 * epochs:11.0f}% | "
        f"{100 * seconds.mean:4.0f}% ± {100 * (seconds.high - seconds.mean):5.0f}% | "
        f"{lost.mean:.4f} ± {lost.high - lost.mean:.4f} |"
    )


if __name__ == "__main__":
    main()
