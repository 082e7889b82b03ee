"""The stamps of files."""

import os
import shutil
from pathlib import Path

from keras_search.results import files
from keras_search.tuner.transport import stamps


def test_files_are_named_by_themselves_or_by_their_folder(tmp_path: Path) -> None:
    for name in ("trial_0/epochs.csv", "trial_0/deep/state.npz", "trial_1/epochs.csv", "run.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    with files.replacing(tmp_path / "trial_0" / "record.json"):
        stamped = stamps.below(tmp_path, ["trial_0", "run.json", "trial_7", "nothing.json"])
    assert set(stamped) == {"trial_0/epochs.csv", "trial_0/deep/state.npz", "run.json"}, "or one that is half written"
    assert stamped["run.json"][0] == len("run.json")


def test_a_stamp_tells_a_file_from_another(tmp_path: Path) -> None:
    file, copy = tmp_path / "file", tmp_path / "copy"
    file.write_text("one")
    os.utime(file, ns=(1, 1_700_000_000_123_456_789))
    shutil.copyfile(file, copy)
    assert stamps.of(copy) != stamps.of(file)
    stamps.set_on(copy, stamps.of(file))
    assert stamps.of(copy) == stamps.of(file) == (3, 1_700_000_000_123_456_789)
    copy.write_text("two")
    assert stamps.of(copy) != stamps.of(file)


def test_what_is_no_file_has_no_stamp(tmp_path: Path) -> None:
    assert stamps.of(tmp_path) is None
    assert stamps.of(tmp_path / "nothing") is None
