"""TensorFlow is loaded once, to stay."""

import subprocess
import sys

import pytest

from tests.conftest import ROOT


@pytest.mark.parametrize(("before", "is_left_alone"), [("", True), ("import tensorflow", False)])
def test_the_garbage_collector_leaves_alone_what_was_loaded_here(before: str, is_left_alone: bool) -> None:
    """Not what was there before: that may go, such as a model."""
    load = "from tuner import runtime; runtime.load_tensorflow(); import gc; print(gc.get_freeze_count() > 100_000)"
    done = subprocess.run(
        [sys.executable, "-c", f"{before}\n{load}"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{is_left_alone}\n"
