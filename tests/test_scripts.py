"""Scripts as people publish them for Keras Tuner: with one import changed they run to the end, and end the same way.

`scripts/finished.txt` has what each prints last with Keras Tuner. `python -m pytest -m keras_tuner` tries that again.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import ROOT

SCRIPTS = sorted((ROOT / "tests" / "scripts").glob("*.py"))
# More of them, which print the best values that they met: others each time.
CASES = sorted((ROOT.parent / "shared" / "cases" / "scripts").glob("*.py"))
FINISHED = (ROOT / "tests" / "scripts" / "finished.txt").read_text()


def changed(script: str) -> str:
    """The script with this toolkit in place of Keras Tuner, its imports alone changed."""
    script = re.sub(r"^( *)import keras_tuner$", r"\1import keras_search as keras_tuner", script, flags=re.MULTILINE)
    return re.sub(r"^( *(?:import|from) )keras_tuner\b", r"\1keras_search", script, flags=re.MULTILINE)


def finished(script: Path, text: str, folder: Path) -> str:
    """The last line that `text`, run as `script` in `folder`, printed."""
    (folder / script.name).write_text(text)
    words = [sys.executable, script.name]
    done = subprocess.run(words, cwd=folder, env=os.environ, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return f"{script.stem}: {done.stdout.splitlines()[-1]}"


def test_every_script_imports_keras_tuner_and_has_its_last_line_kept() -> None:
    for script in SCRIPTS:
        text = script.read_text()
        assert changed(text) != text, script.name
        assert "keras_search" not in text, script.name
    names = [line.partition(": FINISHED")[0] for line in FINISHED.splitlines()]
    assert names == [script.stem for script in SCRIPTS]


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_ends_the_same_way_with_its_import_changed(script: Path, tmp_path: Path) -> None:
    assert finished(script, changed(script.read_text()), tmp_path) in FINISHED.splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("script", CASES, ids=lambda path: path.stem)
def test_a_case_runs_to_its_end_with_its_import_changed(script: Path, tmp_path: Path) -> None:
    assert finished(script, changed(script.read_text()), tmp_path).startswith(f"{script.stem}: FINISHED")


@pytest.mark.keras_tuner
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_ends_with_keras_tuner_as_it_is_kept(script: Path, tmp_path: Path) -> None:
    assert finished(script, script.read_text(), tmp_path) in FINISHED.splitlines()
