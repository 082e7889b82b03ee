"""The guide from Keras Tuner: what it shows is run as it stands."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, run_cli

GUIDE = ROOT / "docs" / "from-keras-tuner.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE.read_text(), re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_every_block_runs(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n" + "\n".join(blocks("python")))
    done = subprocess.run([sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    assert "FAILED" not in done.stdout
    commands = [shlex.split(line) for block in blocks("sh") for line in block.splitlines()]
    assert commands
    for python, cli, *arguments in commands:
        assert (python, cli) == ("python", "cli.py")
        shown = run_cli(*arguments, cwd=tmp_path)
        assert shown.returncode == 0, shown.stderr


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", GUIDE.read_text()):
        path, _, heading = target.partition("#")
        text = (GUIDE.parent / path).read_text()
        headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
        assert heading in {re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in headings}, target
