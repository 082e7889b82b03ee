"""The plots of runs: what they show, and that they are written."""

import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.image import imread

from keras_search import results
from keras_search.results import RunError, RunWarning, plots
from keras_search.results.reading import scores
from keras_search.results.reading.scales import varied
from tests.helpers import Cli, refused, run_cli
from tests.results.made_run import make_run, random_trials

TRIALS = 40
FINISHED = 36


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> results.Run:
    return make_run(tmp_path_factory.mktemp("made") / "run", random_trials(TRIALS))


def points(axes: Axes) -> np.ndarray:
    """The positions of all markers, whatever they look like."""
    offsets = [collection.get_offsets() for collection in axes.collections if isinstance(collection, PathCollection)]
    places = np.ma.concatenate(offsets)
    return places[~np.ma.getmaskarray(places).any(axis=1)].data


def labels(axes: Axes) -> list[str]:
    return axes.get_legend_handles_labels()[1]


def test_history_shows_every_trial_the_best_so_far_and_the_baseline(run: results.Run) -> None:
    figure = plots.history(run)
    (axes,) = figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("trials ended", "val_accuracy")
    assert len(points(axes)) == FINISHED
    lines = {line.get_label(): line for line in axes.lines}
    best = lines["best so far"].get_ydata()
    assert (np.diff(best) >= 0).all()
    assert best[-1] == run.best["score"]
    assert len(lines["failed trial (no score)"].get_xdata()) == TRIALS - FINISHED
    baseline = run.trials.loc[0, "score"]
    assert any(list(line.get_ydata()) == [baseline] * 2 and line.get_linestyle() == "--" for line in axes.lines)
    assert {"finished trial", "pruned trial", "baseline", "best"} <= set(labels(axes))
    assert figure.get_facecolor() == (1, 1, 1, 1)


def test_history_is_in_the_order_in_which_trials_ended(tmp_path: Path) -> None:
    ends = ["2026-01-01T03:00:00+00:00", "2026-01-01T01:00:00+00:00", "2026-01-01T02:00:00+00:00"]
    trials = [{"values": {"x": 1}, "score": 0.5 + 0.1 * place, "ended_at": end} for place, end in enumerate(ends)]
    run = make_run(tmp_path / "run", trials)
    assert scores.ended(run)["trial_id"].tolist() == ["0001", "0002", "0000"]
    assert scores.best_so_far(run).tolist() == [0.6, 0.7, 0.7]


def test_a_smallest_score_is_the_best_where_it_is_minimised(tmp_path: Path) -> None:
    trials = [{"values": {"x": 1}, "score": score} for score in (0.3, 0.1, 0.2)]
    run = make_run(tmp_path / "run", trials, objective="val_loss:min")
    assert scores.best_so_far(run).tolist() == [0.3, 0.1, 0.1]
    assert plots.history(run).axes[0].get_ylabel() == "val_loss"
    assert "best val_loss 0.1000 (trial 0001)" in plots.history(run).get_suptitle()


def test_a_trial_far_off_is_marked_on_the_edge_and_does_not_press_the_others_together(tmp_path: Path) -> None:
    trials = [{"values": {"x": 1}, "score": 0.9 + 0.001 * number} for number in range(20)]
    trials[7]["score"] = 0.1
    axes = plots.history(make_run(tmp_path / "run", trials)).axes[0]
    low, high = axes.get_ylim()
    assert 0.89 < low < 0.9
    assert 0.919 < high < 0.93
    assert "off the scale" in labels(axes)
    assert len(points(axes)) == 20
    assert points(axes)[:, 1].min() == low


def test_curves_has_a_line_a_trial_and_the_best_ones_training(run: results.Run) -> None:
    every, best = plots.curves(run).axes
    assert (every.get_xlabel(), every.get_ylabel()) == ("epoch", "val_accuracy")
    named = [line for line in every.lines if len(line.get_xdata()) == 3]
    assert len(named) + sum(len(collection.get_segments()) for collection in every.collections) == FINISHED
    drawn = {tuple(line.get_ydata()) for line in best.lines}
    own = run.epochs[run.epochs["trial_id"] == run.best["trial_id"]]
    assert drawn == {tuple(own["accuracy"]), tuple(own["val_accuracy"])}


def test_slices_draws_only_trials_in_which_a_hyperparameter_was_active(run: results.Run) -> None:
    panels = {axes.get_xlabel(): axes for axes in plots.slices(run).axes}
    assert list(panels) == ["optimizer", "rate", "batch", "norm", "momentum"]
    active = run.finished["hp_momentum"].dropna()
    assert 0 < len(active) < FINISHED
    assert sorted(points(panels["momentum"])[:, 0]) == pytest.approx(sorted(active))
    assert panels["momentum"].get_xlim()[0] > 0.4
    assert all(len(points(panels[name])) == FINISHED for name in ("optimizer", "rate", "batch", "norm"))
    assert panels["optimizer"].get_ylabel() == "val_accuracy"
    ticks = {name: [text.get_text() for text in axes.get_xticklabels()] for name, axes in panels.items()}
    assert ticks["optimizer"] == ["sgd", "adam"]
    assert ticks["norm"] == ["False", "True"]
    assert ticks["batch"] == ["32", "128"]
    assert set(ticks["rate"]) <= {"1e-5", "0.0001", "0.001", "0.01", "0.1"}


def test_parallel_has_a_dot_for_every_active_value_and_none_for_an_inactive_one(run: results.Run) -> None:
    axes = plots.parallel(run).axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["optimizer", "rate", "batch", "norm", "momentum"]
    values = run.finished[[name for name in run.trials.columns if name.startswith("hp_")]]
    drawn = points(axes)
    assert len(drawn) == values.notna().to_numpy().sum()
    assert (drawn[:, 1] == 4).sum() == values["hp_momentum"].notna().sum()


def test_numbers_far_apart_go_on_a_log_scale_where_nothing_tells_how_they_were_sampled(tmp_path: Path) -> None:
    trials = [{"values": {"wide": 10.0**-place, "narrow": place + 1}, "score": 0.5} for place in range(4)]
    kinds = {scale.name: scale.kind for scale in varied(make_run(tmp_path / "run", trials, space=[]))}
    assert kinds == {"wide": "log", "narrow": "linear"}


def test_a_hyperparameter_that_never_varied_is_left_out(run: results.Run, tmp_path: Path) -> None:
    trials = [{"values": {"fixed": 3, "x": place}, "score": 0.5} for place in range(3)]
    assert [scale.name for scale in varied(make_run(tmp_path / "run", trials))] == ["x"]


def test_tradeoff_shows_both_costs_with_units_and_the_best_for_each(run: results.Run) -> None:
    parameters, seconds = plots.tradeoff(run).axes
    assert parameters.get_xlabel() == "parameters of the model"
    assert seconds.get_xlabel() == "time of the trial (s)"
    assert parameters.get_xscale() == "log"
    assert len(points(parameters)) == len(points(seconds)) == FINISHED
    front = parameters.lines[0].get_ydata()
    assert (np.diff(front) >= 0).all()
    assert front[-1] == run.best["score"]


def test_importance_has_a_bar_with_its_interval_for_each_hyperparameter(run: results.Run) -> None:
    (axes,) = plots.importance(run).axes
    bars = list(axes.patches)
    assert axes.get_yticklabels()[0].get_text() == "rate"
    assert len(bars) == 5
    assert bars[0].get_width() == max(bar.get_width() for bar in bars)
    (intervals,) = [collection for collection in axes.collections if len(collection.get_segments()) == 5]
    low, high = intervals.get_segments()[0][:, 0]
    assert low < bars[0].get_width() < high


def no_model(run: results.Run) -> plots.Predictions:
    raise RunError("no model")


def test_one_trial_has_a_history_and_it_is_said_what_is_left_out(tmp_path: Path) -> None:
    figures, left_out = plots.draw_possible(make_run(tmp_path / "run", random_trials(1)), no_model)
    assert list(figures) == ["history", "curves", "tradeoff"]
    assert len(points(figures["history"].axes[0])) == len(points(figures["tradeoff"].axes[0])) == 1
    reasons = {tuple(kinds): reason for reason, kinds in left_out.items()}
    assert "no hyperparameter with two values" in reasons["slices", "parallel"]
    assert "importance needs at least 3 finished trials" in reasons["importance",]
    assert reasons["confusion", "mistakes"] == "no model"


def test_three_trials_have_every_plot_with_a_warning(tmp_path: Path) -> None:
    with pytest.warns(RunWarning, match="3 trials are too few to say which of 3 hyperparameters matter"):
        figures, left_out = plots.draw_possible(make_run(tmp_path / "run", random_trials(3)), no_model)
    assert list(left_out) == ["no model"]
    assert "Caution: 3 trials are too few" in figures["importance"].axes[0].get_title(loc="left")


@pytest.mark.slow
def test_a_thousand_trials_are_all_drawn(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", random_trials(1000))
    figures = plots.draw(run, ["history", "slices", "parallel"], no_model)
    assert len(points(figures["history"].axes[0])) == len(points(figures["slices"].axes[0])) == 900
    plots.save_all({"parallel": figures["parallel"]}, tmp_path)
    assert (tmp_path / "parallel.svg").stat().st_size < 2_000_000


def test_no_finished_trial(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [{"values": {"x": 1}, "score": None}])
    with pytest.raises(RunError, match="has no finished trial yet"):
        plots.draw_possible(run, no_model)


def test_a_score_that_is_no_number_is_left_out(tmp_path: Path) -> None:
    trials = [{"values": {"x": place}, "score": score} for place, score in enumerate([0.5, math.inf, math.nan, 0.6])]
    run = make_run(tmp_path / "run", trials)
    assert len(points(plots.history(run).axes[0])) == 2
    assert scores.best_so_far(run).tolist() == [0.5, 0.5, 0.5, 0.6]
    assert plots.curves(run).axes[0].get_ylim()[1] < 1


@pytest.fixture
def predictions() -> plots.Predictions:
    """Predictions of three classes; images 3 and 1 are misclassified, 3 with more confidence."""
    probabilities = np.array([[0.9, 0.1, 0], [0.6, 0.4, 0], [0.3, 0, 0.7], [0, 0.2, 0.8], [0, 0.1, 0.9]])
    return plots.Predictions("model", np.zeros((5, 4, 4, 1)), np.array([0, 1, 2, 0, 2]), probabilities)


def test_confusion_counts_true_against_predicted_classes(predictions: plots.Predictions) -> None:
    figure = plots.confusion(predictions)
    axes = figure.axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted class", "true class")
    cells = {text.get_position(): text.get_text() for text in axes.texts}
    assert cells == {(0, 0): "1", (0, 1): "1", (2, 0): "1", (2, 2): "2"}
    assert "60.00% right, 2 mistakes" in figure.get_suptitle()


def test_mistakes_are_shown_with_the_most_confident_first(predictions: plots.Predictions) -> None:
    titles = [axes.get_title() for axes in plots.mistakes(predictions).axes]
    assert titles == ["true 0, said 2\n80.0% sure", "true 1, said 0\n60.0% sure"]


def test_no_mistakes_is_said(predictions: plots.Predictions) -> None:
    right = plots.Predictions("model", predictions.images, predictions.classes, predictions.probabilities)
    with pytest.raises(RunError, match="no mistakes to show"):
        plots.mistakes(right)


def test_the_same_run_gives_the_same_files(run: results.Run, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        plots.save_all(plots.draw(run, ["tradeoff"], no_model), tmp_path / folder)
    for name in ("tradeoff.png", "tradeoff.svg"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.slow
def test_the_command_draws_a_real_search(run_directory: Path, tmp_path: Path) -> None:
    done = run_cli("plot", run_directory, "--out", tmp_path / "new" / "pictures", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "NOTE: importance: 3 trials are too few" in done.stdout
    assert "Left out confusion and mistakes: run" in done.stdout
    assert "--evaluate` makes it" in done.stdout
    kinds = ["history", "curves", "slices", "parallel", "importance", "tradeoff"]
    written = sorted(path.name for path in (tmp_path / "new" / "pictures").iterdir())
    assert written == sorted(f"{kind}.{ending}" for kind in kinds for ending in ("png", "svg"))
    for kind in kinds:
        picture = imread(tmp_path / "new" / "pictures" / f"{kind}.png")
        assert picture.shape[1] == 1296
        assert picture[0, 0].tolist() == [1, 1, 1, 1], "the background is not opaque white"
        assert picture[..., :3].min() < 0.3
        assert "<svg" in (tmp_path / "new" / "pictures" / f"{kind}.svg").read_text()[:500]


def test_what_cannot_be_plotted_is_refused(cli: Cli, run: results.Run, tmp_path: Path) -> None:
    kinds = ["--kind", "history", "--kind", "confusion"]
    message = refused(cli, tmp_path, "plot", run.path, *kinds, "--out", "pictures")
    assert message.startswith(f"Error: --kind confusion: run {str(run.path)!r} has no evaluated model")
    with pytest.raises(RunError, match=r"^kinds: unknown kind 'pie': choose one of history, curves"):
        plots.check_kinds(["history", "pie"])
    (tmp_path / "file").write_text("x")
    with pytest.raises(RunError, match=r"^path '.*file' is a file: give the name of a folder"):
        plots.check_folder(tmp_path / "file")


def test_pictures_are_beside_the_run_by_default(run: results.Run, cli: Cli, tmp_path: Path) -> None:
    shutil.copytree(run.path, tmp_path / "runs" / "made")
    done = cli("plot", "--kind", "tradeoff")
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "runs" / "made" / "plots"
    assert sorted(path.name for path in folder.iterdir()) == ["tradeoff.png", "tradeoff.svg"]
    assert "Written: runs/made/plots/tradeoff.png, .svg" in done.stdout
