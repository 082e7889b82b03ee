"""Loading, scaling, naming and splitting of data."""

import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from keras_search.tuner import InputError
from keras_search.tuner.data import datasets
from keras_search.tuner.data.samples import save_samples


def saved(path: Path, arrays: dict[str, np.ndarray]) -> datasets.Dataset:
    np.savez(path, **arrays)
    return datasets.load(str(path))


def test_bytes_are_scaled_and_floats_are_not(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    as_bytes = saved(tmp_path / "mine.npz", arrays)
    assert as_bytes.name == "mine"
    assert as_bytes.source == str(tmp_path / "mine.npz")
    assert as_bytes.input_shape == (10, 12, 1)
    assert as_bytes.num_classes == 3
    assert as_bytes.x_train.dtype == np.float32
    np.testing.assert_array_equal(as_bytes.x_train[..., 0], (arrays["x_train"] / 255).astype("float32"))
    floats = {name: (array * 3.0 if name.startswith("x") else array) for name, array in arrays.items()}
    np.testing.assert_array_equal(saved(tmp_path / "f.npz", floats).x_train[..., 0], floats["x_train"])


def test_colour_images_and_labels_in_a_column_are_taken(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    colour = {name: np.stack([array] * 3, -1) if name.startswith("x") else array for name, array in arrays.items()}
    colour["y_train"] = colour["y_train"][:, np.newaxis]
    dataset = saved(tmp_path / "colour.npz", colour)
    assert dataset.input_shape == (10, 12, 3)
    assert dataset.y_train.shape == (60,)


def test_the_fingerprint_is_of_the_arrays_not_of_the_file(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    one = saved(tmp_path / "one.npz", arrays).fingerprint
    scaled = {name: array / 255 if name.startswith("x") else array for name, array in arrays.items()}
    assert saved(tmp_path / "two.npz", scaled).fingerprint == one
    changed = dict(arrays, x_test=arrays["x_test"].copy())
    changed["x_test"][0, 0, 0] ^= 1
    assert saved(tmp_path / "three.npz", changed).fingerprint != one


def test_only_mnist_is_compared_with_the_documented_accuracy(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    dataset = saved(tmp_path / "mnist.npz", arrays)
    assert dataset.documented_accuracy is None
    assert replace(dataset, fingerprint=datasets.MNIST_FINGERPRINT).documented_accuracy == 0.1135


def test_digits_are_real_digits_of_mnists_size() -> None:
    digits = datasets.load("digits")
    assert digits.x_train.shape == (1500, 28, 28, 1)
    assert digits.x_test.shape == (297, 28, 28, 1)
    assert digits.x_train.min() == 0
    assert digits.x_train.max() == 1
    assert np.bincount(digits.y_test).tolist() == pytest.approx([29.7] * 10, abs=1.5)


def test_the_split_is_stratified_seeded_and_a_sixth() -> None:
    digits = datasets.load("digits")
    split = datasets.split(digits, seed=0)
    assert len(split.x_train) == len(split.y_train) == 1250
    assert len(split.x_validation) == len(split.y_validation) == 250
    shares = np.bincount(digits.y_train) / len(digits.y_train)
    for labels in (split.y_train, split.y_validation):
        assert np.abs(np.bincount(labels) - shares * len(labels)).max() <= 1
    again, other = datasets.split(digits, seed=0), datasets.split(digits, seed=1)
    np.testing.assert_array_equal(split.x_validation, again.x_validation)
    assert not np.array_equal(split.x_validation, other.x_validation)


@pytest.mark.parametrize("samples", [20, 21, 60, 600, 1499, 1500])
def test_a_part_is_cut_from_the_training_images_alone(samples: int) -> None:
    digits = datasets.load("digits")
    numbered = replace(digits, x_train=np.arange(1500.0).reshape(-1, 1, 1, 1))
    split = datasets.split(numbered, 0, samples)
    drawn = np.concatenate([split.x_train, split.x_validation]).ravel().astype(int)
    assert len(drawn) == len(set(drawn)) == samples
    assert len(split.x_validation) == max(10, round(samples / 6))
    labels = np.concatenate([split.y_train, split.y_validation])
    np.testing.assert_array_equal(labels, digits.y_train[drawn])
    exact = np.bincount(digits.y_train) * samples / 1500
    assert np.abs(np.bincount(labels, minlength=10) - exact).max() < 1


@pytest.mark.parametrize("samples", [6, 7, 12, 20, 100, 200, None])
def test_every_class_is_trained_and_validated(
    samples: int | None, tmp_path: Path, arrays: dict[str, np.ndarray]
) -> None:
    """However few images are asked for, and however rare a class is."""
    labels = np.array([0] * 190 + [1] * 8 + [2] * 2)
    arrays |= {"x_train": np.resize(arrays["x_train"], (200, 10, 12)), "y_train": labels}
    np.savez(tmp_path / "own.npz", **arrays)
    dataset = datasets.load(str(tmp_path / "own.npz"))
    for seed in range(5):
        split = datasets.split(dataset, seed, samples)
        assert len(split.y_train) + len(split.y_validation) == (samples or 200)
        assert set(split.y_train) == set(split.y_validation) == {0, 1, 2}


def test_too_few_images_for_both_parts_are_refused(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    with pytest.raises(InputError, match=r"^samples is 19: give at least 20, of each class one image to train on"):
        datasets.split(datasets.load("digits"), 0, 19)
    arrays["y_train"] = np.array([2] + [0, 1] * 29 + [0])
    np.savez(tmp_path / "own.npz", **arrays)
    with pytest.raises(InputError, match="has a single image of class 2 in y_train: give at least 2 of each class"):
        datasets.split(datasets.load(str(tmp_path / "own.npz")), 0)


def test_a_search_does_not_see_the_test_images() -> None:
    digits = datasets.load("digits")
    blank = replace(digits, x_test=np.zeros_like(digits.x_test), y_test=np.zeros_like(digits.y_test))
    one, other = datasets.split(digits, 3), datasets.split(blank, 3)
    for name in ("x_train", "y_train", "x_validation", "y_validation"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_errors_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"unknown dataset 'cifar': choose auto, mnist, fashion_mnist, digits, or"):
        datasets.load("cifar")


def test_a_series_is_no_image_unless_it_has_a_channel(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    def of(*shape: int) -> dict[str, np.ndarray]:
        return arrays | {"x_train": np.zeros((60, *shape), "f4"), "x_test": np.zeros((9, *shape), "f4")}

    for shape in ((100, 6), (6, 100), (128, 9), (60, 15)):
        with pytest.raises(
            InputError, match=r"as a series of \d+ steps of \d+ values has: if they are images, store them"
        ):
            saved(tmp_path / "series.npz", of(*shape))
    for shape in ((100, 6, 1), (28, 28), (32, 280), (8, 8), (10, 39)):
        assert saved(tmp_path / "images.npz", of(*shape)).input_shape[:2] == shape[:2]


def test_why_a_file_cannot_be_read_is_said(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    table = np.zeros(60, [(f"column {place}", "f4") for place in range(900)])
    with pytest.raises(
        InputError, match="a longer header than NumPy reads for safety, as a table of hundreds of named"
    ):
        saved(tmp_path / "table.npz", arrays | {"x_train": table})
    folder = tmp_path / "folder.npz"
    folder.mkdir()
    with pytest.raises(InputError, match="is a folder: give the path of an"):
        datasets.load(str(folder))
    os.mkfifo(tmp_path / "pipe.npz")
    with pytest.raises(InputError, match="is no regular file: give the path of an"):
        datasets.load(str(tmp_path / "pipe.npz"))


@pytest.mark.parametrize(("source", "title"), [("digits", "Number"), ("mine", "Class")])
def test_samples_are_titled_by_what_they_are(
    tmp_path: Path, arrays: dict[str, np.ndarray], source: str, title: str
) -> None:
    data = saved(tmp_path / "mine.npz", arrays) if source == "mine" else datasets.load(source)
    save_samples(data, tmp_path / "samples.svg")
    # In an SVG, each text stands in a comment before its outlines.
    found = re.findall(r"<!-- (\w+) (\d+) -->", (tmp_path / "samples.svg").read_text())
    assert found == [(title, str(label)) for label in data.y_train[:16]]
