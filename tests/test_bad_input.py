"""Bad input: one clear line, exit code 2, and nothing on disk has changed."""

from pathlib import Path

import numpy as np
import pytest

from tests.helpers import Cli, refused

DIGITS = ["search", "--dataset", "digits"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["search", "--space", "nope"], "unknown space 'nope': choose one of baseline_cnn"),
        (["search", "--dataset", "nope"], "unknown dataset 'nope': choose auto, mnist"),
        (["search", "--oracle", "nope"], "unknown oracle 'nope': choose one of random"),
        (["search", "--space", "nowhere.py:Nothing", "--dataset", "no.npz"], "there is no file 'nowhere.py'"),
        (["search", "--pruner", "nope"], "unknown pruner 'nope': choose one of none, median, asha"),
        (["search", "--objective", "val_glory"], "whether more of it is better is not known: add :min or :max"),
        (["search", "--objective", "val_loss:least"], "write a metric such as val_accuracy, or NAME:min or NAME:max"),
        (["search", "--time-budget", "30"], "--time-budget is '30': write a time such as 90s, 30m or 1h30m"),
        (["search", "--time-budget", "0m"], "--time-budget is '0m'"),
        (["search", "--until-no-better", "0"], "--until-no-better is 0: it must be a number of trials, at least 1"),
        ([*DIGITS, "--warm-start", "nope"], "--warm-start cannot be used: there is no run 'runs/nope'"),
        (["search", "--trials", "0"], "--trials is 0: it must be at least 1"),
        (["search", "--workers", "many"], "--workers is 'many': give auto or a number"),
        (["search", "--workers", "-1"], "--workers is -1"),
        (["search", "--trials-per-gpu", "0"], "--trials-per-gpu is 0"),
        (["search", "--threads", "0"], "--threads is 0: it must be a number, at least 1"),
        (["search", "--threads", "2", "--workers", "0"], "--threads is 2, which is for worker processes"),
        (["search", "--keep-weights", "-1"], "--keep-weights is -1"),
        (["search", "--run", "x" * 300], "name is 300 bytes long (UTF-8): give one of at most 200"),
        (["search", "--seed", "4294967296"], "--seed is 4294967296"),
        (["search", "--seed", "-1"], "--seed is -1: it must be 0 or more"),
        (["search", "--run", ""], "name is empty"),
        ([*DIGITS, "--train-samples", "0"], "--train-samples is 0"),
        ([*DIGITS, "--train-samples", "9"], "give at least 20, of each class one image to train on"),
        ([*DIGITS, "--train-samples", "1501"], "at most the 1500"),
        (["search", "--set", "filters"], "write NAME=VALUE"),
        (["search", "--set", "filters="], "write NAME=VALUE"),
        (["search", "--set", "=3"], "write NAME=VALUE"),
        (["search", "--set", "nope=3"], "unknown hyperparameter 'nope': choose of filters, dense_units"),
        (["search", "--set", "filters=65"], "65 is outside filters's range 4..64 step 4"),
        (["search", "--set", "filters=8:65"], "65 is outside"),
        (["search", "--set", "filters=16:8"], "LOW must be below HIGH"),
        (["search", "--set", "filters=8:16:0"], "STEP is 0: it must be above 0"),
        (["search", "--set", "filters=8:16:4:2"], "a range is LOW:HIGH or LOW:HIGH:STEP"),
        (["search", "--set", "filters=8.5"], "'8.5' is not a whole number"),
        (["search", "--set", "dropout=nan"], "is not a finite number"),
        (["search", "--set", "filters=" + "9" * 400], "is not a whole number"),
        (["search", "--set", "dropout=x"], "'x' is not a number"),
        (["search", "--set", "filters=8,8"], "a value is given twice"),
        (["search", "--set", "filters=8", "--set", "filters=16"], "'filters' is set twice"),
        (["best"], "there is no run in 'runs'"),
        (["best", "--seeds", "0"], "--seeds is 0"),
        (["best", "--run", "nope"], "there is no run 'runs/nope'"),
        (["results", "nope"], "there is no run 'runs/nope'"),
        (["samples", "--dataset", "digits", "--out", "x.nope"], "names no picture format"),
        (["samples", "--dataset", "digits", "--out", "no/x.png"], "there is no folder 'no'"),
    ],
)
def test_options(cli: Cli, tmp_path: Path, arguments: list[str], said: str) -> None:
    assert said in refused(cli, tmp_path, *arguments)


def changed(arrays: dict[str, np.ndarray], **changes: np.ndarray | None) -> dict[str, np.ndarray]:
    return {name: array for name, array in (arrays | changes).items() if array is not None}


def test_npz_files(cli: Cli, tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    x, y = arrays["x_train"], arrays["y_train"]
    with_nan = (x / 255).astype("float32")
    with_nan[3, 2, 1] = np.nan
    cases = {
        "lacks y_test": changed(arrays, y_test=None),
        "images must be uint8": changed(arrays, x_train=x.astype("int64")),
        "has x_train of shape (60, 120)": changed(arrays, x_train=x.reshape(60, 120)),
        "images must be at least 4x4": changed(arrays, x_train=x[:, :3, :3], x_test=arrays["x_test"][:, :3, :3]),
        "has a single class, 0, in y_train": changed(arrays, y_train=y * 0, y_test=arrays["y_test"] * 0),
        "not 0..n-1 (found 4294967296, 4294967297, 4294967298)": changed(arrays, y_train=y + 2**32),
        "NaN or infinity in x_train (as float32)": changed(arrays, x_train=x * 1e300),
        "has x_train of shape (0, 10, 12): there is no image in it": changed(arrays, x_train=x[:0], y_train=y[:0]),
        "has 60 images in x_train and 59 labels in y_train": changed(arrays, y_train=y[:59]),
        "they must be alike": changed(arrays, x_test=arrays["x_test"][:, :5]),
        "has NaN or infinity in x_train": changed(arrays, x_train=with_nan),
        "not 0..n-1 (found 1, 2, 3)": changed(arrays, y_train=y + 1),
        "not 0..n-1 (found 0, 2, 4)": changed(arrays, y_train=y * 2),
        "labels must be whole numbers": changed(arrays, y_train=y / 1),
        "labels in y_test that y_train lacks: 3": changed(arrays, y_test=arrays["y_test"] + 1),
        "has y_train of shape (60, 3)": changed(arrays, y_train=np.eye(3, dtype=int)[y]),
        "holds pickled objects": changed(arrays, x_train=np.array([[1], [2, 3]], dtype=object)),
    }
    path = tmp_path / "data.npz"
    for said, content in cases.items():
        np.savez(path, **content)
        assert said in refused(cli, tmp_path, "search", "--dataset", path)


def test_files_that_are_no_npz(cli: Cli, tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    path = tmp_path / "data.npz"
    assert "is not there" in refused(cli, tmp_path, "search", "--dataset", path)
    path.mkdir()
    assert "is a folder: give the path of an .npz file" in refused(cli, tmp_path, "search", "--dataset", path)
    path.rmdir()
    path.write_bytes(b"")
    assert "is not an .npz file" in refused(cli, tmp_path, "search", "--dataset", path)
    path.write_bytes(b"PK but not a zip")
    assert "is not an .npz file" in refused(cli, tmp_path, "search", "--dataset", path)
    np.savez(path, **arrays)
    whole = path.read_bytes()
    path.write_bytes(whole[:5000])
    assert "is not an .npz file" in refused(cli, tmp_path, "search", "--dataset", path)
    damaged = bytearray(whole)
    damaged[2000:2100] = bytes(100)
    path.write_bytes(damaged)
    assert "cannot be read" in refused(cli, tmp_path, "search", "--dataset", path)
