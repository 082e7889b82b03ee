"""Tables on terminals of any width."""

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console, RenderableType

from keras_search import results
from keras_search.results import numbers, verdict
from keras_search.results.telling import comparison, sentences, tables
from tests.results.made_run import make_run
from tests.results.projects import metrics, write_trial

WIDTHS = (40, 60, 80, 120, 200)
HASH = "5f4dcc3b5aa765d61d8327deb882cf9"


def printed(table: RenderableType, width: int, is_terminal: bool = False) -> list[str]:
    file = io.StringIO()
    console = Console(file=file, width=width, force_terminal=is_terminal, no_color=True, highlight=False)
    console.print(table)
    lines = [line.rstrip() for line in file.getvalue().replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines()]
    assert max(map(len, lines)) <= width
    return lines


def deep(place: int) -> dict[str, Any]:
    """A point of twenty hyperparameters, eight of which differ between trials."""
    kinds = ("filters", "kernel_size", "pooling", "dropout")
    values = {
        f"block_{block}_{kind}": place * block if kind == "filters" else kind for block in range(4) for kind in kinds
    }
    return values | {"optimizer": "adam", "batch_size": 32, "learning_rate": 10 ** -(place + 1), "epochs": place % 3}


@pytest.fixture
def run(tmp_path: Path) -> results.Run:
    trials = [{"values": deep(place), "score": 0.9 + 0.001234 * place} for place in range(12)]
    return make_run(tmp_path / "deep", trials, space=[])


@pytest.fixture
def hashes(tmp_path: Path) -> results.Run:
    for place in range(4):
        state = {
            "hyperparameters": {"space": [], "values": {"a" * 60: place, "optimizer": "adam"}},
            "score": -100.5 - place,
        }
        write_trial(tmp_path / "hashes", f"{HASH}{place}", metrics=metrics(val_loss=-100.5 - place), **state)
    return results.read(tmp_path / "hashes")


def test_the_best_stand_side_by_side_a_row_for_each_hyperparameter_that_varies(run: results.Run) -> None:
    lines = [line.split() for line in printed(tables.best_table(run), 100) if line]
    assert lines[0] == ["The", "best", "of", "12", "trials"]
    assert lines[1] == ["0000"]
    assert lines[2] == ["trial", "0011", "0010", "0009", "0008", "0007", "baseline"]
    assert lines[4] == ["score", "0.9136", "0.9123", "0.9111", "0.9099", "0.9086", "0.9000"]
    names = [line[0] for line in lines[5:-1]]
    assert names == [
        *("epoch", "parameters", "seconds", "block_1_filters", "block_2_filters", "block_3_filters"),
        *("learning_rate", "epochs"),
    ]
    assert " ".join(lines[-1]) == "Not shown: 15 hyperparameters with the same value in all of these."


@pytest.mark.parametrize("width", WIDTHS)
def test_what_varies_is_told_of_the_trials_that_there_is_room_for(run: results.Run, width: int) -> None:
    lines = printed(tables.best_table(run), width)
    scores = next(line for line in lines if "score" in line).split()[1:]
    assert scores[0] == "0.9136"
    assert "0.9000" in scores, "the baseline is among them"
    assert not any("…" in line for line in lines)
    ids = next(line for line in lines if line.startswith(" trial")).split()[1:]
    assert len(ids) == len(scores)
    for line in lines[lines.index(next(rule for rule in lines if "───" in rule)) + 5 :]:
        if len(line.split()) == len(scores) + 1:
            assert len(set(line.split()[1:])) > 1, line


def test_a_single_trial_has_all_its_hyperparameters(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [{"values": {"units": 8, "rate": 0.1}, "score": 0.5}])
    lines = [line.split() for line in printed(tables.best_table(run), 80) if line]
    assert lines[0] == ["The", "best", "of", "1", "trial"]
    assert lines[-2:] == [["units", "8"], ["rate", "0.1"]]


@pytest.mark.parametrize("width", WIDTHS)
def test_score_and_trial_are_whole_at_any_width(run: results.Run, hashes: results.Run, width: int) -> None:
    for shown in (run, hashes):
        best = shown.best
        for table in (tables.best_table(shown), tables.trials_table(shown.trials)):
            text = "\n".join(printed(table, width, is_terminal=True))
            assert numbers.number(best["score"]) in text
            assert best["trial_id"] in text
    listed = "\n".join(printed(tables.projects_table([("a folder/" + "name" * 12, hashes), ("b", None)]), width))
    assert "-103.5000" in listed
    assert "…" not in listed
    assert "".join(listed.split()).startswith("project")


@pytest.mark.parametrize("width", WIDTHS)
def test_other_tables_cut_nothing_either(tmp_path: Path, run: results.Run, width: int) -> None:
    make_run(tmp_path / ("other" * 8), [{"values": {"x": 1}, "score": 0.75}])
    compared = "\n".join(printed(comparison.table(comparison.read([run.path, tmp_path / ("other" * 8)])), width))
    judged = "\n".join(
        printed(
            tables.verdict_table(verdict.judge([0.9, 0.91], [0.93, 0.95], 0.1135), {"baseline": 1, "best": 2}), width
        )
    )
    point = "\n".join(printed(tables.configuration_table(run.configuration), width))
    for text, figures in (
        (compared, ("0.9136", "0.7500", "0011")),
        (judged, ("94.00%", "11.35%")),
        (point, ("1e-12",)),
    ):
        assert "…" not in text
        assert all(figure in text for figure in figures), text


def test_many_hyperparameters_are_three_lines_on_a_terminal_and_whole_in_a_file(run: results.Run) -> None:
    trials = run.trials.head(1)
    assert len(printed(tables.trials_table(trials), 80, is_terminal=True)) == 3 + 3 + 1
    assert "epochs=0" in " ".join(printed(tables.trials_table(trials), 80))


def test_a_best_that_is_the_baseline_is_not_compared_with_itself(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [{"values": {"x": place}, "score": 0.9 - place / 10} for place in range(3)])
    assert sentences.baseline_place(run) == "The best of the 3 finished trials is the baseline itself."
    alone = make_run(tmp_path / "alone", [{"values": {"x": 1}, "score": 0.9}])
    assert sentences.baseline_place(alone) == "It is the baseline, the only trial that has finished."
    judged = verdict.judge([0.97, 0.98], [0.97, 0.98], 0.1135)
    rows = sentences.verdict_rows(judged, {"baseline": 1, "best": 1}, same=True)
    assert [row[0] for row in rows] == ["baseline as documented", "baseline, retrained here"]
    said = sentences.verdict(judged, (0.1135, 1), same=True)
    assert said[0] == "The best configuration is the baseline itself."
    assert not any("minus baseline" in sentence or "best minus" in sentence for sentence in said)
