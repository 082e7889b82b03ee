"""An epoch of the documented CNN on one core: plain Keras's `fit`, and a trial's, on the backend that Keras runs on.

    KERAS_BACKEND=jax python benchmarks/backends.py ../shared/data/mnist.npz

The two take turns. Seconds are those of the processor, so another program that runs meanwhile hardly matters. The first
epoch of each training, in which its functions are compiled, is told apart.
"""

import argparse
import itertools
import os
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from keras_search import search_spaces  # noqa: E402
from keras_search.tuner import backend, runtime  # noqa: E402
from keras_search.tuner.data import datasets  # noqa: E402

_EPOCHS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="an .npz file of MNIST, or `digits`")
    parser.add_argument("--images", type=int, help="how many to train on; the seconds are of an epoch on all")
    parser.add_argument("--rounds", type=int, default=3, help="how often the two take turns")
    arguments = parser.parse_args()
    os.environ.update(backend.environment() | {"CUDA_VISIBLE_DEVICES": "-1"})
    runtime.load_keras()
    dataset = datasets.load(arguments.data)
    x, y = dataset.x_train[: arguments.images], dataset.y_train[: arguments.images]
    share = len(dataset.x_train) / len(x)
    taken: dict[str, list[list[float]]] = {"plain Keras": [], "a trial": []}
    for _ in range(arguments.rounds):
        for name, seconds in taken.items():
            seconds.append(epochs(name == "a trial", dataset, x, y))
    first = {name: median(each[0] for each in seconds) for name, seconds in taken.items()}
    later = {name: median(second for each in seconds for second in each[1:]) * share for name, seconds in taken.items()}
    print(f"{backend.title()} {backend.versions().get(backend.name())}, Keras {backend.versions()['keras']}")
    for name in taken:
        print(f"  {name}: {later[name]:.2f} s an epoch of {len(dataset.x_train):,} images")
        print(f"  {'':{len(name)}}  {first[name]:.2f} s the first, of {len(x):,} images")
    print(f"  a trial takes {later['a trial'] / later['plain Keras']:.2f} of plain Keras's time")


def epochs(is_trial: bool, dataset: datasets.Dataset, x: Any, y: Any) -> list[float]:
    """The processor's seconds of each epoch of a training."""
    import keras
    import keras_tuner

    from keras_search.tuner.fast import patches
    from keras_search.tuner.trial.models import fresh_model

    space = search_spaces.get("baseline_cnn")
    hypermodel = space.hypermodel(dataset.input_shape, dataset.num_classes)
    hp = keras_tuner.HyperParameters()
    hp.values = dict(space.baseline)
    model = fresh_model(hypermodel, hp, seed=0)
    if not is_trial:
        patches.restore(model)
    moments = [time.process_time()]
    ends = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: moments.append(time.process_time()))
    model.fit(x, y, batch_size=space.batch_size, epochs=_EPOCHS, callbacks=[ends], verbose=0)
    return [after - before for before, after in itertools.pairwise(moments)]


if __name__ == "__main__":
    main()
