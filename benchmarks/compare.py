"""The plain Keras Tuner script and this toolkit, one after the other: the same data, space and random configurations.

    python benchmarks/compare.py ../shared/data/mnist.npz --trials 8 --seed 0

The toolkit tries one configuration more, the baseline, before the same random ones. Seconds are those of the whole
search, from the start of the process; memory is the largest sum of the proportional set sizes (shared pages counted
once) of all its processes; disk is what the search leaves behind; test accuracies come with 95% intervals over
retrainings. Pin it to cores of its own on a busy machine: `taskset -c 0,1 python ...`.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from loky import cpu_count

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import watched  # noqa: E402
from keras_search import results  # noqa: E402
from keras_search.results import verdict  # noqa: E402
from keras_search.tuner import seeds  # noqa: E402


@dataclass(frozen=True)
class Outcome:
    """What one side did.

    Attributes:
        seconds, epochs: Of the search.
        val_accuracy: The best trial's.
        test_accuracies: Of the best configuration, retrained on all training images, once for each.
        memory, disk: Bytes.
        points: The configurations, in order.
    """

    seconds: float
    epochs: int
    val_accuracy: float
    test_accuracies: list[float]
    memory: int
    disk: int
    points: list[dict[str, Any]]

    @property
    def seconds_per_epoch(self) -> float:
        return self.seconds / self.epochs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="an .npz file of MNIST")
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--retrainings", type=int, default=3, help="of the best configuration, at least 2")
    arguments = parser.parse_args()
    if arguments.retrainings < 2:
        sys.exit(f"--retrainings is {arguments.retrainings}: an interval needs at least 2")
    data = str(Path(arguments.data).resolve())
    asked = (data, arguments.trials, arguments.seed, arguments.retrainings)
    with tempfile.TemporaryDirectory() as folder:
        toolkit = run_toolkit(*asked, Path(folder))
        peer = run_peer(*asked, Path(folder))
    if list(map(_rounded, toolkit.points[1:])) != list(map(_rounded, peer.points)):
        sys.exit("the two searches did not try the same configurations: nothing to compare")
    report(peer, toolkit)


def run_peer(data: str, trials: int, seed: int, retrainings: int, folder: Path) -> Outcome:
    script = str(ROOT / "benchmarks" / "stock_keras_tuner.py")
    # The toolkit's random oracle is Keras Tuner's own, with a seed derived from the run's.
    command = [script, data, str(trials), str(seeds.derive(seed, "oracle")), str(folder), str(retrainings)]
    ended = watched.run(command)
    outcome = json.loads(ended.printed.splitlines()[-1])
    return Outcome(**outcome, memory=ended.peak.host, disk=_size(folder / "stock"))


def run_toolkit(data: str, trials: int, seed: int, retrainings: int, folder: Path) -> Outcome:
    cli, run = str(ROOT / "cli.py"), folder / "toolkit"
    command = [cli, "search", "--dataset", data, "--trials", str(trials + 1), "--seed", str(seed), "--run", str(run)]
    ended = watched.run(command)
    disk = _size(run)
    watched.run([cli, "best", "--run", str(run), "--evaluate", "--seeds", str(retrainings)])
    found = results.read(run)
    evaluation = json.loads((run / "evaluation.json").read_text())
    names = [name for name in found.trials.columns if name.startswith("hp_")]
    points = [{name.removeprefix("hp_"): row[name] for name in names} for row in found.trials.to_dict("records")]
    return Outcome(
        seconds=ended.seconds,
        epochs=len(found.epochs),
        val_accuracy=float(found.best["val_accuracy"]),
        test_accuracies=[one["test_accuracy"] for one in evaluation["trainings"] if one["model"] == "best"],
        memory=ended.peak.host,
        disk=disk,
        points=points,
    )


def report(peer: Outcome, toolkit: Outcome) -> None:
    print(f"{date.today()}, {watched.processor()}, {cpu_count()} cores\n")
    print(f"| {'':17} | {'plain Keras Tuner':>17} | {'this toolkit':>15} |")
    print(f"| {'-' * 17} | {'-' * 16}: | {'-' * 14}: |")
    rows = [
        ("search, s", f"{peer.seconds:.0f}", f"{toolkit.seconds:.0f}"),
        ("epochs trained", f"{peer.epochs}", f"{toolkit.epochs}"),
        ("seconds an epoch", f"{peer.seconds_per_epoch:.1f}", f"{toolkit.seconds_per_epoch:.1f}"),
        ("best val_accuracy", f"{peer.val_accuracy:.4f}", f"{toolkit.val_accuracy:.4f}"),
        ("its test accuracy", _interval(peer.test_accuracies), _interval(toolkit.test_accuracies)),
        ("peak memory, MB", f"{peer.memory / 1e6:.0f}", f"{toolkit.memory / 1e6:.0f}"),
        ("disk, MB", f"{peer.disk / 1e6:.0f}", f"{toolkit.disk / 1e6:.0f}"),
    ]
    for name, one, other in rows:
        print(f"| {name:17} | {one:>17} | {other:>15} |")
    print(f"\n{peer.seconds_per_epoch / toolkit.seconds_per_epoch:.2f} times as fast per epoch trained")


def _rounded(point: dict[str, Any]) -> dict[str, Any]:
    """`point` without what summing up steps of 0.1 adds: in plain Keras Tuner three of them are 0.30000000000000004."""
    return {name: round(value, 9) for name, value in point.items()}


def _interval(accuracies: list[float]) -> str:
    interval = verdict.mean(accuracies)
    return f"{interval.mean:.4f} ± {interval.high - interval.mean:.4f}"


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
