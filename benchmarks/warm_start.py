"""Ten trials after a warm start on a related task, beside twenty without: digits, from a run on MNIST.

    python benchmarks/warm_start.py --source ../shared/data/mnist.npz --samples 3000 --spaces baseline_cnn --seeds 5

The earlier run is one random search of the source. For each oracle and seed, the target is searched without and with
`--warm-start`, by the command line, into the folder `--out`; given again, it goes on. Scores are validation scores: a
seed has one split of the data for both searches, and another seed another one.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from keras_search import results  # noqa: E402

COLD, WARM = 20, 10


@dataclass(frozen=True)
class Pair:
    """The searches of one seed.

    Attributes:
        cold, warm: The scores of their trials, in trial order.
    """

    space: str
    oracle: str
    seed: int
    cold: list[float]
    warm: list[float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", default="mnist", help="the dataset of the earlier run")
    parser.add_argument("--target", default="digits", help="the dataset that is searched")
    parser.add_argument("--samples", type=int, default=3000, help="how many images of the source are used")
    parser.add_argument("--spaces", default="baseline_cnn,deep_cnn", help="comma-separated")
    parser.add_argument("--oracles", default="random,tpe", help="comma-separated")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("runs/warm-start"), help="where the runs are kept")
    arguments = parser.parse_args()
    begun = time.perf_counter()
    pairs: list[Pair] = []
    for space in arguments.spaces.split(","):
        earlier = arguments.out / f"source-{space}"
        samples = ["--train-samples", str(arguments.samples)]
        search(earlier, space, "random", arguments.source, COLD, 0, samples)
        for seed in range(1, arguments.seeds + 1):
            for oracle in arguments.oracles.split(","):
                runs = [arguments.out / f"{kind}-{space}-{oracle}-{seed}" for kind in ("cold", "warm")]
                cold = search(runs[0], space, oracle, arguments.target, COLD, seed, [])
                warm = search(runs[1], space, oracle, arguments.target, WARM, seed, ["--warm-start", str(earlier)])
                pairs.append(Pair(space, oracle, seed, cold, warm))
                print(
                    f"{space}, {oracle}, seed {seed}: {max(warm):.4f} after {WARM} warm, {max(cold):.4f} after {COLD}",
                    flush=True,
                )
    print()
    for line in table(pairs):
        print(line)
    print(f"\n{time.perf_counter() - begun:.0f} s")


def search(run: Path, space: str, oracle: str, dataset: str, trials: int, seed: int, options: list[str]) -> list[float]:
    """The scores of the trials of a search into `run`, in trial order."""
    words = ["--run", run.resolve(), "--space", space, "--oracle", oracle, "--dataset", dataset]
    command = [sys.executable, ROOT / "cli.py", "search", "--trials", trials, "--seed", seed, *words, *options]
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    return [float(score) for score in results.read(run).trials["score"].dropna()]


def table(pairs: list[Pair]) -> Iterator[str]:
    """The medians over the seeds, and at how many seeds the warm search is better, as good and worse."""
    yield f"| space | oracle | {WARM} without | {COLD} without | {WARM} warm | better, equal, worse than {COLD} |"
    yield "| --- | --- | ---: | ---: | ---: | --- |"
    for space, oracle in dict.fromkeys((pair.space, pair.oracle) for pair in pairs):
        these = [pair for pair in pairs if (pair.space, pair.oracle) == (space, oracle)]
        few, many, warm = (
            statistics.median(max(scores) for scores in columns)
            for columns in (
                [pair.cold[:WARM] for pair in these],
                [pair.cold for pair in these],
                [pair.warm for pair in these],
            )
        )
        gains = [max(pair.warm) - max(pair.cold) for pair in these]
        told = f"{sum(gain > 0 for gain in gains)}, {gains.count(0.0)}, {sum(gain < 0 for gain in gains)}"
        yield f"| `{space}` | `{oracle}` | {few:.4f} | {many:.4f} | {warm:.4f} | {told} |"


if __name__ == "__main__":
    main()
