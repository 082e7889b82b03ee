"""The best model of an evening: this toolkit and what would be used instead of it, for the same time on the same cores.

    python benchmarks/evening.py --data MNIST.npz --minutes 10 --peers-python PEERS/bin/python --out evening

Every peer (`evening_peers.py`) tunes every task (`evening_tasks.py`) for so long, one after the other; the peers' own
environment has Keras Tuner, Optuna and Ray Tune. What counts is the best validation accuracy of any epoch so far, by
the clock, from the start of the process, whether the peer kept that epoch or not. Then each one's best point is
trained three times anew, and its best epoch by the validation part is tested. What is done is kept in `--out`, where an
interrupted comparison goes on. Prints a table for each task and draws `evening.png`.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from benchmarks import watched  # noqa: E402
from benchmarks.evening_peers import PEERS  # noqa: E402

TASKS = ("mnist-baseline", "mnist-deep", "digits", "hastie")
RETRAININGS = 3
OURS = "ours"
# What has no time limit of its own is ended; what has one may take so long to end.
_GRACE_S = 60


@dataclass
class Evening:
    """What one peer did with one task.

    Attributes:
        scores: (seconds, best validation accuracy so far) each time that it rose.
        epochs: How many it trained.
        point: The best point, and for how many epochs it was to be trained.
        memory: The most that it took, in bytes.
        tested: The test accuracies of its best point, trained anew.
    """

    task: str
    peer: str
    seed: int
    scores: list[tuple[float, float]]
    epochs: int
    point: dict[str, Any]
    memory: int
    tested: list[float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="an .npz file of MNIST")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--tasks", default=",".join(TASKS), help="comma-separated")
    parser.add_argument("--peers", default=",".join(PEERS), help="comma-separated")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--peers-python", type=Path, default=Path(sys.executable), help="with the peers installed")
    parser.add_argument("--out", type=Path, default=Path("evening"))
    arguments = parser.parse_args()
    os.environ["EVENING_MNIST"] = str(arguments.data.resolve())
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    tasks, peers = arguments.tasks.split(","), arguments.peers.split(",")
    for seed in range(arguments.seeds):
        for task in tasks:
            for peer in peers:
                spend(task, peer, seed, arguments.minutes, arguments.peers_python, arguments.out)
    evenings = [
        Evening(**json.loads(path.read_text()))
        for task in tasks
        for peer in peers
        for path in sorted(arguments.out.glob(f"{task}_{peer}_*.json"))
    ]
    for task in tasks:
        print(f"\n{task}, {arguments.minutes:g} minutes:\n")
        print_table([evening for evening in evenings if evening.task == task], 60 * arguments.minutes)
    draw(evenings, tasks, arguments.minutes, arguments.out / "evening.png")


def spend(task: str, peer: str, seed: int, minutes: float, peers_python: Path, out: Path) -> None:
    """Lets `peer` tune `task`, and tests what it gives; nothing if that is done."""
    done = out / f"{task}_{peer}_{seed}.json"
    if done.exists():
        return
    folder = out / f"{task}_{peer}_{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    began, lines = time.time(), folder / "scores.jsonl"
    lines.unlink(missing_ok=True)
    python = sys.executable if peer.startswith(OURS) else str(peers_python)
    command = [python, str(HERE / "evening_peers.py"), peer, task, str(minutes), str(seed), str(folder.resolve())]
    with (folder / "output.txt").open("w") as output:
        memory = _run(command, 60 * minutes, peer, output)
    seen = [json.loads(line) for line in lines.read_text().splitlines()] if lines.exists() else []
    seen = [line for line in seen if line["at"] <= began + 60 * minutes]
    if not seen:
        print(f"{peer} has trained no epoch of {task}: see {folder / 'output.txt'}")
        return
    scores: list[tuple[float, float]] = []
    for line in seen:
        if not scores or line["score"] > scores[-1][1]:
            scores.append((round(line["at"] - began, 1), line["score"]))
    best = max(seen, key=lambda line: line["score"])
    point = {**best["values"], "epochs": best["epochs"]}
    tested = json.loads(_tested(task, point))
    evening = Evening(task, peer, seed, scores, len(seen), point, memory, tested)
    done.write_text(json.dumps(asdict(evening)))
    print(f"{task}, {peer}: {scores[-1][1]:.4f} after {len(seen)} epochs", flush=True)


def _run(command: list[str], seconds: float, peer: str, output: Any) -> int:
    """Runs a peer until it ends, or its time is over; returns its peak memory."""
    peak = watched.Peak()
    has_limit = not peer.startswith("keras-tuner")
    with subprocess.Popen(command, stdout=output, stderr=output, cwd=HERE.parent) as process:
        threading.Thread(target=watched.watch, args=(process.pid, peak), daemon=True).start()
        try:
            process.wait(seconds + (_GRACE_S if has_limit else 0))
        except subprocess.TimeoutExpired:
            for child in [*psutil.Process(process.pid).children(recursive=True), process]:
                child.kill()
    return peak.host


def _tested(task: str, point: dict[str, Any]) -> str:
    command = [sys.executable, str(HERE / "evening_retrain.py"), task, json.dumps(point), str(RETRAININGS)]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=HERE.parent).stdout


def print_table(evenings: list[Evening], seconds: float) -> None:
    ours = [evening for evening in evenings if evening.peer == OURS]
    print(f"| {'':21} | epochs | best validation | ours as good after | test, {RETRAININGS} seeds |  memory |")
    print(f"| {'-' * 21} | -----: | --------------: | -----------------: | ------------: | ------: |")
    for evening in evenings:
        best = evening.scores[-1][1]
        as_good = [at for our in ours if our.seed == evening.seed for at, score in our.scores if score >= best][:1]
        when = f"{as_good[0]:.0f} s ({as_good[0] / seconds:.0%})" if as_good else "not reached"
        mean, spread = statistics.mean(evening.tested), statistics.stdev(evening.tested)
        print(
            f"| {evening.peer:21} | {evening.epochs:6} | {best:15.4f} | {when:>18} | {mean:.4f} ± {spread:.4f}"
            f" | {evening.memory / 2**30:4.1f} GB |"
        )


def draw(evenings: list[Evening], tasks: list[str], minutes: float, out: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    pyplot.style.use("tableau-colorblind10")
    figure, every = pyplot.subplots(1, len(tasks), figsize=(5 * len(tasks), 4), layout="constrained", squeeze=False)
    for task, axes in zip(tasks, every[0], strict=True):
        chosen = [evening for evening in evenings if evening.task == task]
        for evening in chosen:
            at, scores = zip(*evening.scores, (60 * minutes, evening.scores[-1][1]), strict=True)
            style = {"color": "black", "linewidth": 2.5} if evening.peer == OURS else {"alpha": 0.8}
            axes.step([second / 60 for second in at], scores, where="post", label=evening.peer, **style)
        if chosen:
            top = max(evening.scores[-1][1] for evening in chosen)
            low = min(evening.scores[-1][1] for evening in chosen)
            axes.set_ylim(low - 2 * (top - low) - 0.005, top + 0.1 * (top - low) + 0.0005)
        axes.set(title=task, xlabel="minutes")
        axes.grid(alpha=0.3)
    every[0][0].set_ylabel("best validation accuracy so far")
    every[0][-1].legend(fontsize="x-small", loc="lower right")
    figure.savefig(out, dpi=150)
    print(f"\nWritten: {out}")


if __name__ == "__main__":
    main()
