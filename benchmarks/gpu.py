"""Training on one GPU: plain Keras, and this toolkit with one, two and four trials at once on the card.

    python benchmarks/gpu.py ../shared/data/mnist.npz --epochs 4

The documented CNN and a network of `deep_cnn` are trained on the same batches in the same order, from the same weights.
Seconds an epoch are the card's: those of an epoch, validation included and the first epoch left out, divided by the
trials that run at once. The losses are the first trial's; how far they are from plain Keras's is rounding, which
training makes larger. Without a GPU, or with `--cpu`, the same is done on the CPU with few images, to try the script.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from statistics import mean
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import watched  # noqa: E402
from keras_search import results, search_spaces  # noqa: E402
from keras_search.results.text import count  # noqa: E402
from keras_search.tuner import runtime, seeds  # noqa: E402
from keras_search.tuner.data import datasets  # noqa: E402
from keras_search.tuner.executors import workers  # noqa: E402

# By its space: what a point has in place of the defaults.
POINTS: dict[str, dict[str, Any]] = {
    "baseline_cnn": {},
    "deep_cnn": {"blocks": 3, "filters_1": 32, "batch_norm": True, "block_dropout": 0.2, "batch_size": 64},
}
AT_ONCE = [1, 2, 4]

_CPU_IMAGES = 1_000
_VALIDATION = 1 / 6


@dataclass(frozen=True)
class Training:
    """What one side did.

    Attributes:
        seconds: Of an epoch on the card.
        losses: Of the first trial, training and validation, epoch by epoch.
        accuracy: Its last validation accuracy.
    """

    seconds: float
    losses: list[float]
    accuracy: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="an .npz file of MNIST, or `digits`")
    parser.add_argument("--epochs", type=int, default=4, help="at least 2: the first is not timed")
    parser.add_argument("--cpu", action="store_true", help="train on the CPU, with few images")
    parser.add_argument("--measure", nargs=2, metavar=("SPACE", "TRIALS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.epochs < 2:
        sys.exit(f"--epochs is {arguments.epochs}: the first is not timed, so give at least 2")
    if arguments.measure:
        space, trials = arguments.measure
        training = measure(arguments.data, space, int(trials), arguments.epochs, arguments.cpu)
        print(json.dumps(asdict(training)))
    else:
        compare(arguments.data, arguments.epochs, arguments.cpu or not workers.gpus())


def compare(data: str, epochs: int, cpu: bool) -> None:
    """Measures every space and prints the table."""
    began = time.monotonic()
    source = str(Path(data).resolve()) if data.endswith(".npz") else data
    print(f"{date.today()}, {'CPU only, few images: ' + watched.processor() if cpu else _card()}, {epochs} epochs\n")
    print("| space | trained by | s an epoch | times as fast | val_accuracy | losses differ by | GPU, MB | host, MB |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for space in POINTS:
        plain: Training | None = None
        for trials in [0, *AT_ONCE]:
            training, peak = _in_a_process(source, space, trials, epochs, cpu)
            plain = plain or training
            who = f"this toolkit, {count(trials, 'trial')} at once" if trials else "plain Keras"
            apart = max(abs(own - its) / its for own, its in zip(training.losses, plain.losses))
            print(
                f"| `{space}` | {who} | {training.seconds:.2f} | {plain.seconds / training.seconds:.2f} "
                f"| {training.accuracy:.4f} | {apart:.1e} | {peak.gpu / 1e6:.0f} | {peak.host / 1e6:.0f} |",
                flush=True,
            )
    print(f"\nMeasured in {time.monotonic() - began:.0f} s.")


def measure(source: str, space: str, trials: int, epochs: int, cpu: bool) -> Training:
    """Trains the point of `space` in this toolkit, `trials` times at once; 0 for plain Keras."""
    if cpu:
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] = "true"  # as in the toolkit's workers: memory is then what is needed
    dataset = datasets.load(source)
    images = _CPU_IMAGES if cpu else len(dataset.x_train)
    x, y = dataset.x_train[:images], dataset.y_train[:images]
    held = round(images * _VALIDATION)
    data = (x[:-held], y[:-held]), (x[-held:], y[-held:])
    return searched(data, space, trials, epochs) if trials else fitted(data, space, epochs)


def fitted(data: Any, space: str, epochs: int) -> Training:
    import keras

    class Clock(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.seconds: list[float] = []

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.began = time.monotonic()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.seconds.append(time.monotonic() - self.began)

    (x, y), validation = data
    keras.utils.set_random_seed(seeds.trial_seed(0, "0"))
    model, batch_size = build(space, x.shape[1:], int(y.max()) + 1)
    asked = {"epochs": epochs, "batch_size": batch_size, "validation_data": validation, "shuffle": False, "verbose": 0}
    clock = Clock()
    history = model.fit(x, y, callbacks=[clock], **asked).history
    return Training(mean(clock.seconds[1:]), history["loss"] + history["val_loss"], history["val_accuracy"][-1])


def searched(data: Any, space: str, trials: int, epochs: int) -> Training:
    runtime.load_keras()
    import keras_tuner

    from keras_search.tuner import Tuner

    (x, y), validation = data
    shape, classes = x.shape[1:], int(y.max()) + 1

    class Copies(keras_tuner.HyperModel):
        def build(self, hp: Any) -> Any:
            hp.Int("copy", 0, max(AT_ONCE))  # no point is tried twice
            return build(space, shape, classes)[0]

        def fit(self, hp: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
            return model.fit(*args, batch_size=_point(space).values.get("batch_size", 32), **kwargs)

    with tempfile.TemporaryDirectory() as folder:
        own = {"workers": "auto", "trials_per_gpu": trials} if workers.gpus() else {"workers": trials}
        tuner = Tuner(Copies(), oracle="grid", max_trials=trials, seed=0, directory=folder, project_name="run", **own)
        asked = {"epochs": epochs, "validation_data": validation, "shuffle": False, "verbose": 0}
        tuner.search(x, y, **asked)
        table = results.read(Path(folder) / "run").epochs
    first = table[table["trial_id"].astype(int) == 0]
    seconds = mean(table[table["epoch"] > 1]["seconds"]) / trials
    return Training(seconds, [*first["loss"], *first["val_loss"]], float(first["val_accuracy"].iloc[-1]))


def build(space: str, shape: tuple[int, ...], classes: int) -> tuple[Any, int]:
    """The compiled model of the point of `space`, and its batch size."""
    point = _point(space)
    return search_spaces.get(space).build(point, shape, classes), point.values.get("batch_size", 32)


def _point(space: str) -> Any:
    import keras_tuner

    hp = keras_tuner.HyperParameters()
    hp.values |= POINTS[space]
    search_spaces.get(space).declare(hp)
    return hp


def _in_a_process(source: str, space: str, trials: int, epochs: int, cpu: bool) -> tuple[Training, watched.Peak]:
    script = str(Path(__file__).resolve())
    asked = [source, "--epochs", str(epochs), "--measure", space, str(trials), *(["--cpu"] if cpu else [])]
    ended = watched.run([script, *asked])
    return Training(**json.loads(ended.printed.splitlines()[-1])), ended.peak


def _card() -> str:
    query = ["nvidia-smi", "--id=0", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    return subprocess.run(query, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    main()
