"""Runs side by side."""

import io
from pathlib import Path

import pytest
from matplotlib.image import imread
from rich.console import Console

from keras_search.results import RunError, plots
from keras_search.results.telling import comparison
from tests.helpers import Cli, refused
from tests.results.made_run import make_run


def trials(*scores: float | None) -> list[dict[str, object]]:
    return [{"values": {"x": place}, "score": score} for place, score in enumerate(scores)]


def test_the_command_shows_the_figures_of_each_run_the_best_first(cli: Cli, tmp_path: Path) -> None:
    make_run(tmp_path / "runs" / "one", trials(0.7, 0.8, 0.75))
    make_run(tmp_path / "runs" / "two", trials(0.6, None, 0.9, 0.65, 0.66))
    done = cli("compare", "one", "two", "--out", "curves.png")
    assert done.returncode == 0, done.stderr
    table = [line.split() for line in done.stdout.splitlines() if line.strip()]
    assert table[0] == ["run", "finished", "best", "median", "epochs", "seconds", "best", "trial"]
    assert table[2] == ["two", "4/5", "0.9000", "0.6550", "12", "12.5", "0002"]
    assert table[3] == ["one", "3/3", "0.8000", "0.7500", "9", "7.5", "0001"]
    assert "NOTE" not in done.stdout
    assert imread(tmp_path / "curves.png").shape[1] == 1296


def test_a_smaller_score_is_better_where_it_is_minimised(tmp_path: Path) -> None:
    paths = [tmp_path / "one", tmp_path / "two"]
    for path, score in zip(paths, (0.5, 0.2)):
        make_run(path, trials(score, 0.9), objective="val_loss:min")
    assert list(comparison.read(paths)) == ["two", "one"]


def test_the_plot_has_the_best_score_so_far_of_each_run(tmp_path: Path) -> None:
    runs = {"one": make_run(tmp_path / "one", trials(0.7, 0.8, 0.75))}
    runs["two"] = make_run(tmp_path / "two", trials(None, 0.6, 0.9, 0.65))
    (axes,) = plots.comparison(runs).axes
    lines = {line.get_label(): line for line in axes.lines if not line.get_label().startswith("_")}
    assert {name: list(line.get_ydata()) for name, line in lines.items()} == {
        "one": [0.7, 0.8, 0.8],
        "two": [0.6, 0.9, 0.9],
    }
    assert list(lines["two"].get_xdata()) == [2, 3, 4]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("trials ended", "val_accuracy")
    assert lines["one"].get_color() != lines["two"].get_color()


def test_every_run_is_in_the_legend(tmp_path: Path) -> None:
    runs = {name: make_run(tmp_path / name, trials(0.7)) for name in ("_hidden", "shown")}
    [legend] = plots.comparison(runs).legends
    assert [text.get_text().strip() for text in legend.get_texts()] == ["_hidden", "shown"]


def test_other_data_are_said_to_be_others(tmp_path: Path) -> None:
    make_run(tmp_path / "one", trials(0.7))
    make_run(tmp_path / "two", trials(0.8), fingerprint="b" * 64)
    said = comparison.caution(comparison.read([tmp_path / "one", tmp_path / "two"]))
    assert "the datasets differ" in said
    assert "one on digits aaaaaaaa, 500 training and 100 validation images" in said
    assert "two on digits bbbbbbbb" in said


def test_unknown_data_and_other_seeds_are_said(tmp_path: Path) -> None:
    for name in ("one", "two"):
        make_run(tmp_path / name, trials(0.7))
    runs = comparison.read([tmp_path / "one", tmp_path / "two"])
    assert comparison.caution(runs) == ""
    runs["two"].info["asked"]["seed"] = 1
    assert "the seeds differ" in comparison.caution(runs)
    del runs["two"].info["dataset"]
    assert "not known what data" in comparison.caution(runs)
    assert comparison.caution(runs).endswith("two.")


def test_runs_of_the_same_name_are_told_apart(tmp_path: Path) -> None:
    paths = [tmp_path / "here" / "run", tmp_path / "there" / "run"]
    for path in paths:
        path.parent.mkdir()
        make_run(path, trials(0.7))
    runs = comparison.read(paths)
    assert list(runs) == [str(path) for path in paths]
    console = Console(width=300, file=io.StringIO())
    console.print(comparison.table(runs))
    assert str(paths[1]) in console.file.getvalue()


def test_what_cannot_be_compared_is_refused(cli: Cli, tmp_path: Path) -> None:
    make_run(tmp_path / "one", trials(0.7))
    make_run(tmp_path / "loss", trials(0.7), objective="val_loss:min")
    make_run(tmp_path / "failed", trials(None))
    said = refused(cli, tmp_path, "compare", "./one", "./loss")
    assert "different objectives cannot be compared: one has val_accuracy (max), loss has val_loss (min)" in said
    with pytest.raises(RunError, match=r"^path 'a.jpg' names no picture format: end it in .png or .svg"):
        plots.check_file(Path("a.jpg"))
    with pytest.raises(RunError, match="at least two runs, 1 given"):
        comparison.read([tmp_path / "one"])
    with pytest.raises(RunError, match="run 'one' is given twice"):
        comparison.read([tmp_path / "one", tmp_path / "loss" / ".." / "one"])
    with pytest.raises(RunError, match="has no finished trial yet"):
        comparison.read([tmp_path / "one", tmp_path / "failed"])
    with pytest.raises(RunError, match="there is no run"):
        comparison.read([tmp_path / "one", tmp_path / "none"])
