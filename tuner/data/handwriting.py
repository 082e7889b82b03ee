"""A handwritten digit in a picture, converted to the form of the images of MNIST or of scikit-learn's digits."""

from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image
from scipy import ndimage

from keras_search.tuner.data import datasets
from keras_search.tuner.data.pictures import border

_LONGEST = 1000  # pixels; larger pictures are reduced to this, which is enough to recognise a digit
_FAINTEST = 15  # of 255 levels: the least contrast between ink and paper
_SIGNIFICANT = 6  # standard deviations of the paper's noise: what stands out further is ink
_SPECK = 0.05  # of the largest stroke's size: what is smaller is dirt
_OUTSIDE = 4  # median distances from the plane of the paper: what is further away is not paper
_ROUNDS = 5  # of fitting that plane
_DARK = 25  # of 255 levels: the brightest background of a light digit that is left unchanged


def is_known(dataset: str) -> bool:
    """Whether `digit` knows the form of the images of `dataset`, a dataset's name."""
    return dataset in _FORMS


def digit(picture: Image.Image, dataset: str) -> np.ndarray | None:
    """The digit in `picture` as uint8 (28, 28), in the form of those of `dataset`; None where nothing stands out.

    The digit may be light or dark, anywhere in the picture, of any size, and lit unevenly. A picture of 28x28 pixels,
    light on dark, is returned unchanged.
    """
    pixels = np.asarray(picture.convert("L"))
    if picture.size == (28, 28) and np.median(border(pixels)) <= _DARK and np.ptp(pixels) > _FAINTEST:
        return pixels
    return _FORMS[dataset](picture)


def _mnist(picture: Image.Image) -> np.ndarray | None:
    """A digit in MNIST's form, uint8 (28, 28); None where there is no digit.

    It is light on dark, scaled to fit 20x20 pixels with its proportions kept, and its centre of mass is in the middle
    (LeCun et al., 1998, section III.A).
    """
    if (ink := _ink(picture)) is None:
        return None
    scale = 20 / max(ink.shape)
    digit = _resized(ink, *(round(side * scale) for side in ink.shape))
    image = np.zeros((28, 28))
    image[_in_the_middle(digit, 28)] = digit
    return np.round(image * (255 / image.max())).astype("uint8")


def _digits(picture: Image.Image) -> np.ndarray | None:
    """A digit in the form of scikit-learn's, enlarged to uint8 (28, 28); None where there is no digit.

    It fills the height of 32x32 black and white pixels, its centre of mass in the middle. Each of the 8x8 pixels of
    the result, before it is enlarged, counts the white ones of a block of 4x4.
    """
    if (ink := _ink(picture)) is None:
        return None
    height, width = ink.shape
    # scikit-learn's digits are 6 of 8 columns wide, and seem to have been widened for that.
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
    # Close to the ink of the darkest strokes, and hardly moved by a small speck that is darker.
    full = (standing_out**3).sum() / (standing_out**2).sum()
    least = max(0.2 * full, 3 * noise)
    strokes = np.empty(smooth.shape, dtype=int)
    ndimage.label(smooth > least, output=strokes)
    sizes = ndimage.sum_labels(smooth > full / 2, strokes, range(1, strokes.max() + 1))
    kept = np.isin(strokes, 1 + np.flatnonzero(sizes >= _SPECK * sizes.max()))
    rows, columns = ndimage.find_objects(kept.astype(int))[0]
    ink = np.clip(contrast / full, 0, 1) * kept
    return ink[rows, columns] if ink.any() else None


def _paper(pixels: np.ndarray) -> np.ndarray:
    """The brightness of the paper under each pixel: a plane fitted to the border, as light comes from one side."""
    rows, columns = np.indices(pixels.shape)
    plane = np.stack([np.ones_like(rows), rows, columns], axis=-1).astype(float)
    places, values = np.stack([border(plane[..., term]) for term in range(3)], axis=-1), border(pixels)
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
    """The place of `digit` in a square of `side` pixels: its centre of mass in the middle, none of it outside."""
    starts = (
        int(np.clip(round(side / 2 - centre), 0, side - length))
        for centre, length in zip(np.asarray(ndimage.center_of_mass(digit)), digit.shape)
    )
    rows, columns = (slice(start, start + length) for start, length in zip(starts, digit.shape))
    return rows, columns
