"""A handwritten digit in a picture, brought to the form of MNIST's or scikit-learn's."""

from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image
from scipy import ndimage

from keras_search.tuner.data import datasets
from keras_search.tuner.data.pictures import border

_LONGEST = 1000  # pixels: of a larger picture, no more are needed to tell a digit
_FAINTEST = 15  # of 255 levels between ink and paper
_SIGNIFICANT = 6  # standard deviations of the paper's noise
_SPECK = 0.05  # of the largest stroke: what is smaller is dirt
_OUTSIDE = 4  # median distances from the paper: what is farther away is not paper
_ROUNDS = 5
_DARK = 25  # of 255 levels


def is_known(dataset: str) -> bool:
    """Whether the images of the dataset called so are digits, made in a way that is known."""
    return dataset in _FORMS


def digit(picture: Image.Image, dataset: str) -> np.ndarray | None:
    """The digit in `picture` as uint8 (28, 28), made as those of `dataset` are; None where nothing stands out.

    It may be light or dark, anywhere in the picture and of any size, on paper lit from a side. A picture of 28x28
    pixels, light on dark, is left as it is.
    """
    pixels = np.asarray(picture.convert("L"))
    if picture.size == (28, 28) and np.median(border(pixels)) <= _DARK and np.ptp(pixels) > _FAINTEST:
        return pixels
    return _FORMS[dataset](picture)


def _mnist(picture: Image.Image) -> np.ndarray | None:
    """A digit as MNIST has them, uint8 (28, 28); None where there is no digit.

    Light on dark, fitted into 20x20 pixels with its proportions kept, its centre of mass in the middle (LeCun et al.,
    1998, section III.A).
    """
    if (ink := _ink(picture)) is None:
        return None
    scale = 20 / max(ink.shape)
    digit = _resized(ink, *(round(side * scale) for side in ink.shape))
    image = np.zeros((28, 28))
    image[_in_the_middle(digit, 28)] = digit
    return np.round(image * (255 / image.max())).astype("uint8")


def _digits(picture: Image.Image) -> np.ndarray | None:
    """A digit as scikit-learn has them, enlarged to uint8 (28, 28); None where there is no digit.

    It is as high as 32x32 black and white pixels and stands over their middle; blocks of 4x4 are counted.
    """
    if (ink := _ink(picture)) is None:
        return None
    height, width = ink.shape
    # Those digits are 6 of 8 columns wide and, it seems, were made somewhat wider for it.
    grey = _resized(ink, 32, min(24, round(1.25 * width * 32 / height)))
    digit = grey > grey.max() / 2
    image = np.zeros((32, 32))
    image[_in_the_middle(digit, 32)] = digit
    return datasets.enlarged(image.reshape(1, 8, 4, 8, 4).sum(axis=(2, 4)))[0]


_FORMS: Mapping[str, Callable[[Image.Image], np.ndarray | None]] = {"mnist": _mnist, "digits": _digits}


def _ink(picture: Image.Image) -> np.ndarray | None:
    """How much ink each pixel has, 0 to 1, in the box around the digit; None where nothing stands out."""
    grey = picture.convert("L")
    grey.thumbnail((_LONGEST, _LONGEST), Image.Resampling.BOX)
    pixels = np.asarray(grey, dtype=float)
    contrast = pixels - _paper(pixels)
    smooth = ndimage.gaussian_filter(contrast, max(pixels.shape) / 300)
    if (smooth**3).sum() < 0:  # dark on light
        contrast, smooth = -contrast, -smooth
    around = border(smooth)
    noise = 1.4826 * np.median(np.abs(around - np.median(around)))
    standing_out = smooth[smooth > max(_FAINTEST, _SIGNIFICANT * noise)]
    if not standing_out.size:
        return None
    # Nearly that of the darkest strokes, but not of a speck that is darker still.
    full = (standing_out**3).sum() / (standing_out**2).sum()
    least = max(0.2 * full, 3 * noise)
    strokes, count = ndimage.label(smooth > least)
    sizes = ndimage.sum_labels(smooth > full / 2, strokes, range(1, count + 1))
    kept = np.isin(strokes, 1 + np.flatnonzero(sizes >= _SPECK * sizes.max()))
    rows, columns = ndimage.find_objects(kept.astype(int))[0]
    ink = np.clip(contrast / full, 0, 1) * kept
    return ink[rows, columns] if ink.any() else None


def _paper(pixels: np.ndarray) -> np.ndarray:
    """The brightness of the paper under each pixel: a plane through the border, for light comes from a side."""
    rows, columns = np.indices(pixels.shape)
    plane = np.stack([np.ones_like(rows), rows, columns], axis=-1).astype(float)
    places, values = np.stack([border(plane[..., one]) for one in range(3)], axis=-1), border(pixels)
    slopes = np.array([np.median(values), 0, 0])
    for _ in range(_ROUNDS):
        distances = np.abs(values - places @ slopes)
        near = distances <= _OUTSIDE * np.median(distances) + 1  # not where a stroke leaves the picture
        slopes = np.linalg.lstsq(places[near], values[near])[0]
    return plane @ slopes


def _resized(ink: np.ndarray, height: int, width: int) -> np.ndarray:
    picture = Image.fromarray(ink.astype("float32"))
    resized = picture.resize((max(width, 1), max(height, 1)), Image.Resampling.BICUBIC)
    return np.clip(np.asarray(resized, dtype=float), 0, 1)


def _in_the_middle(digit: np.ndarray, side: int) -> tuple[slice, slice]:
    """Where in a square of `side` pixels `digit` belongs: its centre of mass in the middle, none of it outside."""
    starts = (
        int(np.clip(round(side / 2 - centre), 0, side - length))
        for centre, length in zip(ndimage.center_of_mass(digit), digit.shape)
    )
    rows, columns = (slice(start, start + length) for start, length in zip(starts, digit.shape))
    return rows, columns
