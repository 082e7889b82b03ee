"""A digit in a picture becomes what MNIST, or scikit-learn, would have made of it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from benchmarks.pictures import KINDS, draw
from keras_search.tuner.data import datasets, handwriting, pictures


@pytest.fixture(scope="module")
def digits() -> list[np.ndarray]:
    """Real digits of several hands in the form of MNIST's, uint8 (28, 28)."""
    images = datasets.load("digits").x_test[:12, ..., 0]
    found = [handwriting.digit(picture(image), "mnist") for image in images]
    assert all(image is not None for image in found)
    return found


def picture(pixels: np.ndarray) -> Image.Image:
    """`pixels` in [0, 1] as a picture, on a wide dark border."""
    return Image.fromarray((np.pad(pixels, 30) * 255).astype("uint8"))


def test_it_is_fitted_into_20_pixels_and_centred_by_its_mass(digits: list[np.ndarray]) -> None:
    for image in digits:
        assert image.shape == (28, 28)
        assert image.dtype == np.uint8
        assert image.max() == 255
        rows, columns = np.flatnonzero(image.max(axis=1)), np.flatnonzero(image.max(axis=0))
        assert max(np.ptp(rows), np.ptp(columns)) + 1 in (19, 20)
        # MNIST's own are between 13.5 and 14.5.
        assert np.array(ndimage.center_of_mass(image)) == pytest.approx([14, 14], abs=0.5)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_the_same_whatever_picture_it_is_in(kind: str, digits: list[np.ndarray], tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for image in digits[: 3 if "," in kind else None]:
        path = tmp_path / f"digit{KINDS[kind][2]}"
        draw(image / 255, kind, rng).save(path)
        found = handwriting.digit(pictures.read(path), "mnist")
        assert found is not None
        # It may have been placed one pixel apart.
        moved = [np.roll(found, (down, right), (0, 1)) for down in (-1, 0, 1) for right in (-1, 0, 1)]
        assert max(np.corrcoef(image.ravel(), one.ravel())[0, 1] for one in moved) > 0.93


def test_a_picture_in_the_form_of_the_data_is_not_touched(digits: list[np.ndarray]) -> None:
    for image in (digits[0], np.roll(digits[0], 3, axis=0), digits[0] // 4):
        for form in ("mnist", "digits"):
            np.testing.assert_array_equal(handwriting.digit(Image.fromarray(image), form), image)
    inverted = handwriting.digit(Image.fromarray(255 - digits[0]), "mnist")
    assert np.corrcoef(inverted.ravel(), digits[0].ravel())[0, 1] > 0.95


def test_dirt_and_glare_are_left_out(digits: list[np.ndarray]) -> None:
    for dark, light in [(40, 160), (160, 40)]:
        page = light + (dark - light) * (np.pad(digits[0], 40) / 255)
        clean = handwriting.digit(Image.fromarray(page.astype("uint8")), "mnist")
        for speck in (0, 255):
            page[5:7, 5:7] = speck
            page[90, 30] = speck
            found = handwriting.digit(Image.fromarray(page.astype("uint8")), "mnist")
            assert np.corrcoef(found.ravel(), clean.ravel())[0, 1] > 0.99


def test_digits_of_scikit_learn_are_as_high_as_the_image(digits: list[np.ndarray]) -> None:
    blocks = np.round(datasets.enlarged(np.eye(8)[np.newaxis] * 16)[0] / 255)
    assert blocks[0, 0] == blocks[-1, -1] == 1
    for image in digits:
        found = handwriting.digit(Image.fromarray(np.pad(image, 9)), "digits")
        assert found.shape == (28, 28)
        assert found[0].max() > 60
        assert found[-1].max() > 60


def test_nothing_is_found_where_nothing_is() -> None:
    rng = np.random.default_rng(0)
    rows, columns = np.indices((120, 160))
    pages = [np.full((28, 28), 0), np.full((50, 40), 255), np.full((1, 1), 128)]
    pages += [128 + rng.normal(0, noise, (120, 160)) for noise in (2, 10, 30)]
    pages += [100 + rows * 0.4 + columns * 0.3 + rng.normal(0, 5, (120, 160))]
    for page in pages:
        blank = Image.fromarray(np.clip(page, 0, 255).astype("uint8"))
        assert handwriting.digit(blank, "mnist") is None
        assert handwriting.digit(blank, "digits") is None


def test_the_thinnest_strokes_are_kept() -> None:
    page = np.full((600, 600), 230, "uint8")
    page[50:550, 300] = 30
    for form in ("mnist", "digits"):
        found = handwriting.digit(Image.fromarray(page), form)
        assert found.max() > 200 or form == "digits"
        assert (found.max(axis=1) > 0).sum() >= 20
        assert (found.max(axis=0) > 0).sum() <= 8


def test_the_smallest_pictures_are_survived() -> None:
    for shape in [(1, 2), (2, 2), (3, 1), (3, 3), (2, 300)]:
        pixels = np.zeros(shape, "uint8")
        pixels[shape[0] // 2, shape[1] // 2] = 255
        for form in ("mnist", "digits"):
            found = handwriting.digit(Image.fromarray(pixels), form)
            assert found is None or found.shape == (28, 28)


def test_which_data_hold_digits() -> None:
    assert handwriting.is_known("mnist")
    assert handwriting.is_known("digits")
    assert not handwriting.is_known("fashion_mnist")
    assert not handwriting.is_known("mnist.npz")
