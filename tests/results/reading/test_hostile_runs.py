"""Runs whose every text holds what a terminal, or a reader of SVG, would act upon."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.helpers import Cli
from tests.results.made_run import make_run

ESCAPE = "\x1b]0;title\x07"
OBJECTIVE = f"val_{ESCAPE}<b>--"


@pytest.fixture
def hostile(tmp_path: Path) -> list[Path]:
    """Two runs."""
    paths = [tmp_path / f"{name}{ESCAPE}" for name in ("_one", "_two")]
    for path in paths:
        values = [{f"width{ESCAPE}": place, f"{ESCAPE}kind\n": f"{ESCAPE}{place}--<"} for place in range(4)]
        trials = [{"values": value, "score": 0.5 + place / 10} for place, value in enumerate(values)]
        trials.append({"values": values[0], "score": None, "error": f"{ESCAPE}\nfailed"})
        make_run(path, trials, objective=f"{OBJECTIVE}:max")
        for trial in path.glob("trial_*"):
            change(trial / "trial.json", trial_id=f"{trial.name}{ESCAPE}")
        data = json.loads((path / "run.json").read_text())["dataset"]
        change(path / "run.json", dataset=data | {"name": f"data{ESCAPE}", "notice": f"note{ESCAPE}\n"})
    change(paths[0] / "run.json", asked={"space": f"space{ESCAPE}", "seed": 1})
    return paths


def change(path: Path, **values: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["results"], ["4 finished of 5 trials", "NOTE: note\\x1b]0;title\\x07\\n", "\\x1b]0;title\\x07\\nfailed"]),
        (["results", "--sort", "?"], ["unknown column '?'", "hp_width\\x1b]0;title\\x07"]),
        (["best", "--run"], ["on data\\x1b]0;title\\x07: trial trial_0003\\x1b]0", "NOTE: note", "val_\\x1b]0;title"]),
        (["best", "--evaluate", "--run"], ["data\\x1b]0;title\\x07", "Error: "]),
        (["compare"], ["_one\\x1b]0;title\\x07", "the seeds differ"]),
        (["plot", "--kind", "history", "--kind", "curves", "--kind", "parallel", "--kind", "slices"], ["slices.png"]),
    ],
)
def test_no_command_lets_them_through(cli: Cli, hostile: list[Path], command: list[str], said: list[str]) -> None:
    done = cli(*command, *(hostile if command[0] == "compare" else hostile[:1]))
    shown = done.stdout + done.stderr
    assert all(line.isprintable() for line in shown.split("\n")), shown
    assert all(part in " ".join(shown.split()) for part in said), shown
    for picture in hostile[0].rglob("*.svg"):
        ElementTree.parse(picture)
    assert done.returncode == (2 if "Error" in shown else 0), shown
