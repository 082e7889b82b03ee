"""Plots of runs with names, values and scores that nobody would draw by hand."""

import io
import itertools
import math
import re
import subprocess
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.text import Text

from keras_search import results
from keras_search.results import RunWarning, plots, report
from keras_search.results.plots import fonts
from keras_search.results.telling import importance, tables
from tests.results.made_run import make_run
from tests.results.projects import hyperparameter, metric, metrics, write_trial

CJK, RTL, EMOJI = "优化器学习率衰减", "مُحسِّن", "🚀 rate"
KINDS = (plots.history, plots.curves, plots.slices, plots.parallel, plots.importance)


def drawn(run: results.Run) -> list[Figure]:
    """Every plot of `run`, drawn with any warning of matplotlib as an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", RunWarning)
        figures = [draw(run) for draw in KINDS]
        for figure in figures:
            figure.draw_without_rendering()
    return figures


def outside(figure: Figure) -> list[str]:
    """The texts that extend beyond `figure`; without numbers, which are not drawn beyond an axis."""
    edge = figure.bbox.padded(1)
    boxes = [(text.get_text(), text.get_window_extent()) for text in figure.findobj(Text) if len(text.get_text()) > 4]
    return [name for name, box in boxes if not (edge.x0 <= box.x0 and box.x1 <= edge.x1 and box.y1 <= edge.y1)]


def overlapping(texts: Sequence[Text]) -> list[tuple[str, str]]:
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts if text.get_text()]
    return [(a, b) for (a, box), (b, following) in itertools.pairwise(boxes) if box.overlaps(following)]


@pytest.mark.slow
def test_names_of_any_script_and_length_stay_on_the_plot_and_warn_of_nothing(tmp_path: Path) -> None:
    names = ["x" * 90 + "a" + "y" * 110, "x" * 90 + "b" + "y" * 110, CJK, RTL, EMOJI]
    objective = "val_" + "a_very_long_name_of_an_output_" * 6 + "loss"
    folder = tmp_path / ("long_" * 35)
    for place in range(6):
        values: dict[str, Any] = {name: f"{'v' * 60}{place % 3}{'w' * 70}" for name in names[:2]}
        values |= {CJK: CJK * 3 + str(place % 2), RTL: f"{RTL} {place % 2}", EMOJI: 10.0**-place}
        kept = {"metrics": {objective: metric("min", [0.9 + place, 0.5 + place])}}
        state = {"hyperparameters": {"space": [], "values": values}}
        write_trial(folder, str(place), metrics=kept, score=0.5 + place, **state)
    for figure in drawn(results.read(folder)):
        assert outside(figure) == []


def test_a_long_title_of_predictions_is_broken_into_lines() -> None:
    rng = np.random.default_rng(0)
    title = f"the best of {'long_' * 30} on 60 test images of {CJK}"
    labels, sure = rng.integers(0, 3, 60), rng.dirichlet([1] * 3, 60)
    predictions = plots.Predictions(title, rng.random((60, 8, 8, 1)), labels, sure)
    for figure in (plots.confusion(predictions), plots.mistakes(predictions)):
        figure.draw_without_rendering()
        assert outside(figure) == []


def test_what_no_font_has_is_written_as_its_code() -> None:
    if fonts.legible(CJK) == CJK:
        pytest.skip("a font for Chinese is installed")
    assert fonts.legible("größe 优\nR²") == "größe \\u4f18\nR²"
    assert fonts.families(("sans-serif",))[0] == "sans-serif", "the user's own font comes first"


def test_labels_of_categories_do_not_overlap(tmp_path: Path) -> None:
    kinds = [f"adam_weight_decay_with_a_very_long_name_{place}" for place in range(9)]
    acts = ["relu", "leaky_relu", "exponential_linear_unit", "swish"]
    trials = [
        {"values": {"kind": kinds[place % 9], "act": acts[place % 4], "mixed": place % 3}, "score": 0.5 + place / 100}
        for place in range(18)
    ]
    run = make_run(tmp_path / "run", trials, space=[])
    slices, parallel = plots.slices(run), plots.parallel(run)
    for figure in (slices, parallel):
        figure.draw_without_rendering()
    for axes in slices.axes:
        labels = axes.get_xticklabels()
        if not labels[0].get_rotation():
            assert overlapping(labels) == []
        else:
            # Slanted ones stand above each other where they overlap.
            steps = np.diff([label.get_position()[0] for label in labels])
            inches = steps * axes.get_window_extent().width / np.diff(axes.get_xlim()) / slices.dpi
            assert (inches * math.sin(math.radians(30)) > labels[0].get_fontsize() / 72).all()
    rows: dict[float, list[Text]] = {}
    for text in parallel.axes[0].texts:
        rows.setdefault(text.xy[1], []).append(text)
    assert len(rows) == 3
    assert all(overlapping(row) == [] for row in rows.values())


@pytest.mark.slow
@pytest.mark.parametrize("is_declared", [True, False])
def test_infinity_and_nan_are_choices_like_any_other(tmp_path: Path, is_declared: bool) -> None:
    choices = [1, 10, math.inf, math.nan]
    space = [
        hyperparameter("Choice", "clip", values=choices),
        hyperparameter("Float", "rate", min_value=0.1, max_value=1),
    ]
    rng = np.random.default_rng(0)
    for place in range(12):
        score = 0.5 + rng.random() / 10
        kept = {"metrics": {"val_accuracy": metric("max", [score - 0.1, score])}}
        values = {"clip": choices[place % 4], "rate": 0.1 + place / 20}
        state = {"hyperparameters": {"space": space if is_declared else [], "values": values}}
        write_trial(tmp_path / "run", str(place), metrics=kept, score=score, **state)
    run = results.read(tmp_path / "run")
    slices = drawn(run)[2]
    panels = {axes.get_xlabel(): [label.get_text() for label in axes.get_xticklabels()] for axes in slices.axes}
    assert panels["clip"] == ["1", "10", "inf", "nan"]
    assert set(importance.measure(run).names) == {"clip", "rate"}
    assert {values[-1] for values in tables.trial_cells(run.trials.head(4).drop(columns="hp_rate"))[1]} == {
        *("clip=1", "clip=10", "clip=inf", "clip=nan")
    }
    best = choices[int(run.best["trial_id"]) % 4]
    shown = report.html(run, report.Pictures([], {}, []))
    assert ("float(&#39;nan&#39;)" if math.isnan(best) else str(best)) in shown


def test_many_numbers_and_infinity(tmp_path: Path) -> None:
    for place, value in enumerate([*map(float, range(20)), math.inf, -math.inf]):
        kept = {"metrics": {"val_accuracy": metric("max", [place / 50, place / 40])}}
        write_trial(
            tmp_path / "run", str(place), metrics=kept, score=place / 40,
            hyperparameters={"space": [hyperparameter("Choice", "clip", values=[value])], "values": {"clip": value}},
        )  # fmt: skip
    drawn(results.read(tmp_path / "run"))


@pytest.mark.parametrize(("score", "best"), [(math.inf, "2"), (-math.inf, "2")])
def test_a_score_that_overflowed_is_not_the_best(tmp_path: Path, score: float, best: str) -> None:
    for place, value in enumerate([0.5, score, 0.4]):
        write_trial(tmp_path / "run", str(place), metrics=metrics(val_loss=value), score=value)
    run = results.read(tmp_path / "run")
    assert run.best["trial_id"] == best
    assert tables.ordered(run, "score", None)["trial_id"].tolist() == ["2", "0", "1"]


def test_numbers_are_written_in_one_way(tmp_path: Path) -> None:
    trials = [{"values": {"x": place}, "score": 127656264.0 + 1000 * place} for place in range(3)]
    run = make_run(tmp_path / "run", trials, objective="val_loss:min")
    page = report.html(run, report.Pictures([], {}, []))
    for text in (plots.history(run).get_suptitle(), repr(run), run._repr_html_(), page):
        assert "1.277e+08" in text
        shown = re.sub(r'<script type="application/json".*?</script>', "", text, flags=re.DOTALL)  # sorted by exactly
        assert "127656264" not in shown


def test_a_notebook_shows_every_plot_once_as_a_picture(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [{"values": {"x": place}, "score": 0.5 + place / 10} for place in range(4)])
    for figure in (*drawn(run), plots.tradeoff(run), plots.comparison({"one": run, "two": run})):
        picture = imread(io.BytesIO(figure._repr_png_()), "png")
        assert picture.shape[1] == 900
        assert isinstance(figure, Figure), "where matplotlib is inline, its own way to show a figure is taken"


def test_a_plot_leaves_pyplot_and_its_backend_alone(tmp_path: Path) -> None:
    make_run(tmp_path / "run", [{"values": {"x": 1}, "score": 0.5}])
    script = "import sys; from keras_search.results import plots, read\n"
    script += f"plots.history(read({str(tmp_path / 'run')!r}))._repr_png_()\n"
    script += "assert 'matplotlib.pyplot' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
