"""Images that are converted where they are read: the numbers of an array, without the array."""

import shutil
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from keras_search.tuner.data import array_files, datasets, npz, shared
from keras_search.tuner.data.images import Images
from keras_search.tuner.errors import InputError
from keras_search.tuner.fast import patches

RNG = np.random.default_rng(0)
BYTES = RNG.integers(0, 256, (50, 6, 5), dtype="uint8")
LABELS = np.arange(50) % 3
AS_FLOATS = (BYTES.astype("float32") / np.float32(255))[..., None]
STORED = {
    "bytes": BYTES,
    "bytes with channels": np.stack([BYTES] * 3, -1),
    "float32": AS_FLOATS,
    "float16": AS_FLOATS[..., 0].astype("float16"),
    "float64": AS_FLOATS.astype("float64") * 3,
}


def converted(stored: np.ndarray) -> np.ndarray:
    floats = stored.astype("float32")
    if stored.dtype == np.uint8:
        floats /= 255
    return floats if floats.ndim == 4 else floats[..., None]


@pytest.mark.parametrize("kind", STORED)
def test_images_are_read_like_the_array_that_they_stand_for(kind: str) -> None:
    rows = RNG.permutation(50)[:20]
    for images, expected in (
        (Images(STORED[kind]), converted(STORED[kind])),
        (Images(STORED[kind]).take(rows), converted(STORED[kind])[rows]),
        (Images(STORED[kind]).take(rows).take(np.arange(3)), converted(STORED[kind])[rows][:3]),
    ):
        assert (images.shape, images.ndim, images.size, len(images)) == (
            expected.shape, expected.ndim, expected.size, len(expected),
        )  # fmt: skip
        indices: list[Any] = [1, -1, slice(2), slice(None, None, 2), [2, 0], np.array([1, 1])]
        indices += [(0, ..., 0), (..., 0), (slice(2), 3), (1, slice(2), 0)]
        for index in indices:
            np.testing.assert_array_equal(images[index], expected[index])
            assert images[index].dtype == np.float32
        np.testing.assert_array_equal(np.asarray(images), expected)
        np.testing.assert_array_equal(np.concatenate(list(images.parts())), expected)
        assert (images.min(), images.max()) == (expected.min(), expected.max())


def test_what_is_read_in_parts_is_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keras_search.tuner.data.images._AT_ONCE", 400)
    parts = list(Images(BYTES).parts())
    assert len(parts) == 17
    np.testing.assert_array_equal(np.concatenate(parts), AS_FLOATS)


def archive(path: Path, **arrays: np.ndarray) -> Path:
    np.savez(path, **arrays)
    return path


def test_arrays_of_an_uncompressed_file_are_mapped_where_they_are(tmp_path: Path) -> None:
    arrays = {"x_train": BYTES, "y_train": LABELS, "x_test": AS_FLOATS, "y_test": np.array([1, 2], ">i4")}
    mapped = npz.mapped(archive(tmp_path / "mine.npz", **arrays), tuple(arrays))
    assert list(mapped) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(mapped[name], array)
        assert mapped[name].dtype == array.dtype


def test_what_cannot_be_mapped_is_left_to_numpy(tmp_path: Path) -> None:
    path = archive(tmp_path / "mine.npz", fortran=np.asfortranarray(AS_FLOATS), empty=BYTES[:0], single=np.array(3))
    assert list(npz.mapped(path, ("fortran", "empty", "single", "absent"))) == ["single"]
    np.savez_compressed(path, x=BYTES)
    assert npz.mapped(path, ("x",)) == {}


def test_a_damaged_member_is_noticed(tmp_path: Path) -> None:
    path = archive(tmp_path / "mine.npz", x=BYTES)
    content = bytearray(path.read_bytes())
    content[700] ^= 1
    path.write_bytes(content)
    with pytest.raises(zipfile.BadZipFile, match="Bad CRC-32"):
        npz.mapped(path, ("x",))


def test_no_copy_is_written_of_what_lies_in_the_users_file(tmp_path: Path) -> None:
    path = archive(tmp_path / "mine.npz", x_train=BYTES, y_train=LABELS, x_test=BYTES[:6], y_test=LABELS[:6])
    split = datasets.split(datasets.load(str(path)), 0)
    store = shared.Store(tmp_path / "data", in_place=True)
    stored = store.all((split.x_train, split.y_train, split.x_validation))
    assert {stored[0].stored.path, stored[2].stored.path} == {path}
    assert sum(file.stat().st_size for file in (tmp_path / "data").iterdir()) < BYTES.nbytes, "rows and labels alone"
    loaded = shared.load(stored, takes_images=True)
    for part, expected in zip(loaded, (split.x_train, split.y_train, split.x_validation), strict=True):
        np.testing.assert_array_equal(part, expected)
    whole = shared.load(stored)
    assert isinstance(whole[0], np.memmap), "written once, for all processes, where an array is needed"
    np.testing.assert_array_equal(whole[0], split.x_train)


def test_where_processes_see_no_file_of_the_users_it_is_copied(tmp_path: Path) -> None:
    path = archive(tmp_path / "mine.npz", x=BYTES)
    images = Images(npz.mapped(path, ("x",))["x"])
    stored = shared.Store(tmp_path / "data").all(images)
    assert stored.stored.path.parent == tmp_path / "data"
    np.testing.assert_array_equal(np.load(stored.stored.path), BYTES)


def test_a_users_own_mapped_array_and_its_slices_stay_in_their_file(tmp_path: Path) -> None:
    np.save(tmp_path / "mine.npy", AS_FLOATS)
    mapped = np.load(tmp_path / "mine.npy", mmap_mode="r")
    for array in (mapped, mapped[10:30], np.asarray(mapped[5:])):
        stored = array_files.in_place(array)
        assert stored is not None
        np.testing.assert_array_equal(stored.load(), array)
    assert array_files.in_place(mapped[::2]) is None
    assert array_files.in_place(mapped * 2) is None
    changed = np.load(tmp_path / "mine.npy", mmap_mode="c")
    changed[0] = 7
    assert array_files.in_place(changed) is None, "the file does not hold what the script has written"


def test_a_file_that_changes_during_the_search_is_named(tmp_path: Path) -> None:
    np.save(tmp_path / "mine.npy", AS_FLOATS)
    stored = shared.Store(tmp_path / "data", in_place=True).all(np.load(tmp_path / "mine.npy", mmap_mode="r"))
    np.save(tmp_path / "other.npy", AS_FLOATS[:20])
    shutil.move(tmp_path / "other.npy", tmp_path / "mine.npy")
    with pytest.raises(InputError, match=r"mine\.npy' has changed since the search began: put the old file back, or"):
        shared.load(stored)


def trained(x: Any, validation: Any, per_batch: bool = False) -> tuple[dict[str, list[float]], list[np.ndarray]]:
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((6, 5, 1)), keras.layers.Flatten(), keras.layers.Dense(3)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.1), loss, metrics=["accuracy"])
    patches.accelerate(model, seed=3)
    watch = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None) if per_batch else None
    given = (validation, LABELS[40:])
    history = model.fit(x, LABELS[:40], epochs=3, batch_size=7, validation_data=given, callbacks=[watch] * per_batch)
    return history.history, model.get_weights()


@pytest.mark.parametrize("per_batch", [False, True])
def test_training_on_images_is_training_on_the_array_to_the_last_bit(per_batch: bool) -> None:
    images, rows = Images(BYTES), RNG.permutation(50)
    expected = trained(AS_FLOATS[rows[:40]], AS_FLOATS[rows[40:]], per_batch)
    got = trained(images.take(rows[:40]), images.take(rows[40:]), per_batch)
    assert got[0] == expected[0]
    for weights, others in zip(got[1], expected[1], strict=True):
        np.testing.assert_array_equal(weights, others)


def test_no_array_of_all_images_is_made_to_train_on_them() -> None:
    images = Images(np.zeros((40_000, 24, 24), "uint8"))
    model = keras.Sequential([keras.Input((24, 24, 1)), keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    patches.accelerate(model, seed=3)
    tracemalloc.start()
    model.fit(images, np.zeros(40_000), batch_size=500, validation_data=(images, np.zeros(40_000)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < images.size * 4 / 2


def test_what_keras_trains_itself_gets_an_array() -> None:
    model = keras.Sequential([keras.Input((6, 5, 1)), keras.layers.Flatten(), keras.layers.Dense(3)])
    model.compile("sgd", "mse")
    patches.accelerate(model, seed=3)
    model.fit(Images(BYTES), np.zeros((50, 3)), steps_per_epoch=2, validation_data=(Images(BYTES), np.zeros((50, 3))))
    assert patches.status(model)["fit"] == "`fit` is given steps_per_epoch"
