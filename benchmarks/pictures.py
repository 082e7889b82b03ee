"""How many pictures of digits `predict` gets right: test images, enlarged and made into what people have.

    python benchmarks/pictures.py runs/mnist-deep_cnn-random-seed0 --pictures 400 --seed 7

The run is one on MNIST or digits that `best --evaluate` has left a model in. Its test images are drawn at random and
enlarged to some place and size in a picture of 300x200 pixels, an eighth of them in each of eight kinds. Prints how
many of each kind are told; `--keep DIR` leaves the pictures there.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from keras_search import results  # noqa: E402
from keras_search.tuner.evaluation import comparison, predictions  # noqa: E402

Kind = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def light_on_dark(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return ink * 255


def dark_on_light(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return 255 - ink * 255


def paper(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Grey pencil on grey paper, with noise."""
    light, dark = rng.uniform(150, 220), rng.uniform(20, 80)
    return light + (dark - light) * ink + rng.normal(0, 12, ink.shape)


def lit_paper(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same, with the light from a side: half as much on the other."""
    angle = rng.uniform(0, 2 * np.pi)
    rows, columns = (np.indices(ink.shape).T / ink.shape[::-1]).T * 2 - 1
    light = 1 + 0.25 * (np.cos(angle) * columns + np.sin(angle) * rows)
    return paper(ink, rng) * light


def coloured(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A blue pen on yellow paper."""
    yellow, blue = np.array([250, 245, 210]), np.array([20, 40, 160])
    return yellow + (blue - yellow) * ink[..., np.newaxis]


def transparent(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Black or white strokes on nothing."""
    strokes = np.full((*ink.shape, 3), rng.choice([0, 255]))
    return np.concatenate([strokes, ink[..., np.newaxis] * 255], axis=-1)


KINDS: dict[str, tuple[Kind, float, str]] = {  # how it is drawn, how many times 300x200 pixels, its file's ending
    "light on dark": (light_on_dark, 1, ".png"),
    "dark on light": (dark_on_light, 1, ".png"),
    "paper": (paper, 1, ".jpg"),
    "paper lit from a side": (lit_paper, 1, ".jpg"),
    "coloured": (coloured, 1, ".png"),
    "transparent": (transparent, 1, ".png"),
    "60x40 pixels": (light_on_dark, 0.2, ".png"),
    "3,000x2,000 pixels": (dark_on_light, 10, ".jpg"),
}


def draw(image: np.ndarray, kind: str, rng: np.random.Generator) -> Image.Image:
    """A picture of `kind`, with `image`, (height, width) in [0, 1], enlarged to some place and size in it."""
    drawn, times, _ = KINDS[kind]
    height, width = round(200 * times), round(300 * times)
    side = round(rng.uniform(0.45, 0.95) * height)
    digit = Image.fromarray((image * 255).astype("uint8")).resize((side, side), Image.Resampling.BICUBIC)
    ink = np.zeros((height, width))
    top, left = rng.integers(0, height - side + 1), rng.integers(0, width - side + 1)
    ink[top : top + side, left : left + side] = np.asarray(digit) / 255
    return Image.fromarray(np.clip(drawn(ink, rng), 0, 255).astype("uint8"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="an evaluated run on MNIST or digits")
    parser.add_argument("--pictures", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="the folder for the pictures; they are thrown away by default")
    arguments = parser.parse_args()
    run = results.read(arguments.run)
    dataset = comparison.load_dataset(run)
    rng = np.random.default_rng(arguments.seed)
    chosen = rng.choice(len(dataset.x_test), arguments.pictures, replace=False)
    kinds = [list(KINDS)[number % len(KINDS)] for number in range(len(chosen))]
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for index, kind in zip(chosen, kinds):
            paths.append(folder / f"{index}{KINDS[kind][2]}")
            draw(dataset.x_test[index, ..., 0], kind, rng).save(paths[-1])
        answers = [one.top(1)[0][0] for one in predictions.classify(run, paths)]
    right = np.array(answers) == dataset.y_test[chosen]
    for kind in KINDS:
        of_kind = right[[one == kind for one in kinds]]
        print(f"{kind:22} {of_kind.sum():4} of {len(of_kind)}")
    print(f"{'all':22} {right.sum():4} of {len(right)}")


if __name__ == "__main__":
    main()
