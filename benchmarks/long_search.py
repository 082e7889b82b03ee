"""A search of many tiny trials from end to end: the seconds of a trial, and the memory of its processes over time.

    python benchmarks/long_search.py --trials 1000 --oracles random,tpe --workers 2 --plot docs/long-search.png

A trial is a small network on a few examples, so what is measured is the search around it. Of each oracle a line tells
the seconds a trial of the first and of the last tenth, and the most memory of the process that searches and of all its
workers: proportional set sizes, which count shared pages once.
"""

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import psutil
from loky import cpu_count

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import watched  # noqa: E402

_SAMPLE_EVERY_S = 2.0


@dataclass
class Searched:
    """What a search took.

    Attributes:
        ended_s: When each trial ended, from the first one's end on, in order.
        seconds: When its memory was looked at, from its start on.
        own: The bytes of the process that searches, at these times.
        workers: The bytes of all its children.
    """

    ended_s: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    own: list[int] = field(default_factory=list)
    workers: list[int] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--oracles", default="random,tpe")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--plot", type=Path, help="draws the memory over time into this file")
    parser.add_argument(
        "--search", nargs=2, metavar=("ORACLE", "FOLDER"), help="only search, as this script asks itself"
    )
    arguments = parser.parse_args()
    if arguments.search:
        search(*arguments.search, arguments.trials, arguments.workers)
        return
    print(f"{date.today()}, {watched.processor()}, {cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    tenth = max(2, arguments.trials // 10)
    print(f"| oracle | s a trial, first {tenth} | last {tenth} | all, s | most MB of the search | of its workers |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    searches = {}
    for oracle in arguments.oracles.split(","):
        taken = searches[oracle] = watch(oracle, arguments.trials, arguments.workers)
        first, last = (each(taken.ended_s[part]) for part in (slice(tenth), slice(-tenth, None)))
        most = " | ".join(f"{max(part) / 1e6:.0f}" for part in (taken.own, taken.workers))
        print(f"| {oracle} | {first:.2f} | {last:.2f} | {taken.seconds[-1]:.0f} | {most} |", flush=True)
    if arguments.plot:
        draw(searches, arguments.plot)


def each(ended_s: list[float]) -> float:
    """The seconds from one end to the next."""
    return (ended_s[-1] - ended_s[0]) / (len(ended_s) - 1)


def search(oracle: str, folder: str, trials: int, workers: int) -> None:
    import keras
    import numpy as np

    import keras_search as kt

    def build(hp: kt.HyperParameters) -> keras.Model:
        layers = [keras.layers.Dense(hp.Int("units", 4, 64), "relu") for _ in range(hp.Int("layers", 1, 3))]
        layers += [keras.layers.Dropout(hp.Float("dropout", 0, 0.5)), keras.layers.Dense(2, "softmax")]
        model = keras.Sequential([keras.Input((8,)), *layers])
        optimizer = keras.optimizers.Adam(hp.Float("learning_rate", 1e-4, 1e-1, sampling="log"))
        model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    x = np.random.default_rng(0).normal(size=(256, 8)).astype("float32")
    y = (x[:, 0] * x[:, 1] > 0).astype(int)
    tuner = kt.Tuner(
        build, "val_accuracy", trials, seed=0, oracle=oracle, workers=workers, directory=folder, project_name="run"
    )
    tuner.search(x, y, validation_split=0.25, epochs=2, verbose=0)


def watch(oracle: str, trials: int, workers: int) -> Searched:
    """Searches in a process of its own, and looks at its memory meanwhile; exits with a line if it fails."""
    taken, began = Searched(), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        command = [__file__, "--search", oracle, folder, "--trials", str(trials), "--workers", str(workers)]
        environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
        with subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environment) as process:
            searching = psutil.Process(process.pid)
            while process.poll() is None:
                sample(searching, time.monotonic() - began, taken)
                time.sleep(_SAMPLE_EVERY_S)
        if process.returncode:
            sys.exit(f"the search by {oracle} failed with {process.returncode}")
        with (Path(folder) / "run" / "summary.csv").open(newline="") as file:
            ends = sorted(datetime.fromisoformat(row["ended_at"]) for row in csv.DictReader(file))
    taken.ended_s = [(end - ends[0]).total_seconds() for end in ends]
    return taken


def sample(process: psutil.Process, seconds: float, taken: Searched) -> None:
    try:
        own = process.memory_full_info().pss
        workers = sum(child.memory_full_info().pss for child in process.children(recursive=True))
    except psutil.Error:  # a process has ended meanwhile
        return
    taken.seconds.append(seconds)
    taken.own.append(own)
    taken.workers.append(workers)


def draw(searches: dict[str, Searched], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    pyplot.style.use("tableau-colorblind10")
    figure, panels = pyplot.subplots(
        1, len(searches), figsize=(4.5 * len(searches), 3.5), sharey=True, squeeze=False, layout="constrained"
    )
    for axes, (oracle, taken) in zip(panels[0], searches.items()):
        for name, part in (("all workers", taken.workers), ("the search", taken.own)):
            axes.plot([second / 60 for second in taken.seconds], [size / 1e6 for size in part], label=name)
        axes.set(title=f"{oracle}, {len(taken.ended_s):,} trials", xlabel="minutes", ylim=(0, None))
    panels[0][0].set_ylabel("memory (MB)")
    panels[0][0].legend(frameon=False)
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
