"""Shortened labels can still be told apart."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_search.results import plots
from keras_search.results.labels import apart
from keras_search.results.telling import tables
from tests.results.made_run import make_run


@given(st.sets(st.text("ab/_1", max_size=60), min_size=1, max_size=12), st.integers(10, 40))
def test_what_differs_stays_different(texts: set[str], length: int) -> None:
    cut = apart(list(texts), length)
    assert len(set(cut)) == len(texts)
    assert max(map(len, cut)) <= length


@pytest.mark.parametrize(
    ("texts", "cut"),
    [
        (["units", "rate"], ["units", "rate"]),
        (["a_first_layer/units", "a_second_layer/units"], ["a_first…er/units", "a_secon…er/units"]),
        (["x" * 30 + "1" + "x" * 30, "x" * 30 + "2" + "x" * 30], ["…xxxxx1xxxxxxxx…", "…xxxxx2xxxxxxxx…"]),
        (["same" * 9, "same" * 9], ["samesam…samesame", "samesam…samesame"]),
    ],
)
def test_they_are_cut_where_it_tells_them_apart(texts: list[str], cut: list[str]) -> None:
    assert apart(texts, 16) == cut


def test_every_plot_tells_the_hyperparameters_apart(tmp_path: Path) -> None:
    names = [f"structured_data_block_{number}/dense_block_1/units_0" for number in (1, 2)]
    trials = [
        {"values": {names[0]: place, names[1]: place % 2}, "score": score}
        for place, score in enumerate((0.5, 0.4, 0.3, 0.45))
    ]
    run = make_run(tmp_path / "run", trials, space=[])
    with pytest.warns(match="too few"):
        importance = plots.importance(run)
    rows = [
        [text.get_text() for text in figure.axes[0].get_yticklabels()] for figure in (plots.parallel(run), importance)
    ]
    panels = [axes.get_xlabel() for axes in plots.slices(run).axes]
    for shown in (*rows, panels):
        assert len(set(shown)) == 2, shown


def test_the_table_of_trials_tells_long_values_apart(tmp_path: Path) -> None:
    values = [f"{'x' * 50}{place}{'y' * 50}" for place in range(3)]
    run = make_run(tmp_path / "run", [{"values": {"layers": value}, "score": 0.5} for value in values])
    _, rows = tables.trial_cells(run.trials)
    assert len({row[-1] for row in rows}) == 3
    assert all(len(row[-1]) == len("layers=") + 60 for row in rows)
