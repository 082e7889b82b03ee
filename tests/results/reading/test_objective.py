"""Which metric a search optimised, inferred from its trials, and what follows if it may be any of several."""

from pathlib import Path
from typing import Any

import pytest

from keras_search import results
from keras_search.results import RunError, plots
from keras_search.results.reading import scores
from keras_search.results.telling import comparison
from tests.results.projects import metric, metrics, write_trial


def project(folder: Path, *trials: dict[str, tuple[str, list[float]]], objective: str, **state: Any) -> results.Run:
    """A project of completed trials, given by their metrics: a direction and a value per epoch, the last the best."""
    for number, by_name in enumerate(trials):
        kept = {name: metric(direction, values) for name, (direction, values) in by_name.items()}
        score = by_name[objective][1][-1]
        write_trial(folder, str(number), metrics={"metrics": kept}, score=score, best_step=2, **state)
    return results.read(folder)


def loss_is_mse(apart: float = 0.0) -> list[dict[str, tuple[str, list[float]]]]:
    """Three trials of three epochs, whose loss is the mean squared error except for rounding."""
    return [
        {
            "mse": ("min", [best + 0.19, best + 0.09, best - 0.01]),
            "val_loss": ("min", [best + 0.2, best + 0.1, best + apart]),
            "val_mse": ("min", [best + 0.2, best + 0.1, best]),
        }
        for best in (0.5, 0.4, 0.3)
    ]


def test_curves_are_drawn_where_two_metrics_are_the_score(tmp_path: Path) -> None:
    run = project(tmp_path / "run", *loss_is_mse(), objective="val_mse")
    assert run.objective == results.Objective("val_loss", "min", ("val_mse",))
    (axes,) = plots.curves(run).axes
    drawn = {tuple(line.get_ydata()) for line in axes.lines}
    assert drawn == {(0.7, 0.6, 0.5), (0.6000000000000001, 0.5, 0.4), (0.5, 0.4, 0.3)}
    assert axes.get_ylabel() == "val_loss or val_mse"


def test_a_score_kept_with_fewer_digits_is_still_the_metric(tmp_path: Path) -> None:
    for number, value in enumerate((0.5123456789, 0.4123456789)):
        kept = {"metrics": {"val_loss": metric("min", [value]), "val_mae": metric("min", [value / 2])}}
        write_trial(tmp_path / "run", str(number), metrics=kept, score=value + 3e-8)
    assert results.read(tmp_path / "run").objective == results.Objective("val_loss", "min")


def test_of_two_metrics_the_one_that_is_the_score_exactly_was_optimised(tmp_path: Path) -> None:
    run = project(tmp_path / "run", *loss_is_mse(apart=3e-8), objective="val_mse")
    assert run.objective == results.Objective("val_mse", "min")


@pytest.mark.parametrize(
    ("directions", "objective"),
    [
        ({"val_accuracy": "max", "val_recall": "min"}, ("val_accuracy", "max")),
        ({"val_recall": "min", "val_accuracy": "max"}, ("val_accuracy", "max")),
        ({"val_energy": "min", "val_accuracy": "max"}, ("val_accuracy", "max")),
        ({"val_glory": "max", "val_loss": "min"}, ("val_glory", "max")),
        ({"val_glory": "max", "val_energy": "min"}, ("val_glory", "max")),
        ({"accuracy": "max", "val_loss": "min"}, ("val_loss", "min")),
        ({"val_recall": "min"}, ("val_recall", "min")),
    ],
)
def test_the_surer_direction_decides(tmp_path: Path, directions: dict[str, str], objective: tuple[str, str]) -> None:
    trials = [{name: (way, [value]) for name, way in directions.items()} for value in (0.9, 0.95, 0.97)]
    inferred = project(tmp_path / "run", *trials, objective=next(iter(directions))).objective
    assert (inferred.name, inferred.direction) == objective


def test_why_the_objective_is_not_known_is_said(tmp_path: Path) -> None:
    both = [{"val_loss": ("min", [value]), "val_accuracy": ("max", [value])} for value in (0.5, 0.6)]
    with pytest.raises(
        RunError, match=r"both val_loss \(min\) and val_accuracy \(max\) equal the score in every trial"
    ):
        _ = project(tmp_path / "both", *both, objective="val_loss").best
    write_trial(tmp_path / "running", "0", status="RUNNING", score=None, metrics=metrics())
    run = results.read(tmp_path / "running")
    assert run.headline.endswith("0 finished of 1 trial; objective: not known yet")
    assert run.objective_unknown == "no trial has finished with a score"


def test_single_epochs_are_no_learning_curves(tmp_path: Path) -> None:
    trials = [{"val_loss": ("min", [value])} for value in (0.5, 0.4)]
    with pytest.raises(RunError, match="no learning curves: no trial kept the epochs of 'val_loss'"):
        plots.curves(project(tmp_path / "unknown", *trials, objective="val_loss"))
    for number in range(2):
        write_trial(tmp_path / "single", str(number), metrics=metrics(val_loss=0.5), score=0.5)
    with pytest.raises(RunError, match="no learning curves: no trial has more than one epoch of 'val_loss'"):
        plots.curves(results.read(tmp_path / "single"))


def test_runs_that_share_a_metric_are_compared_by_it(tmp_path: Path) -> None:
    project(tmp_path / "both", *loss_is_mse(), objective="val_mse")
    project(tmp_path / "one", *loss_is_mse(apart=3e-8), objective="val_mse")
    project(tmp_path / "other", *[{"val_mae": ("min", [0.5])}], objective="val_mae")
    runs = comparison.read([tmp_path / "both", tmp_path / "one"])
    assert {str(run.objective) for run in runs.values()} == {"val_mse"}
    assert plots.comparison(runs).axes[0].get_ylabel() == "val_mse"
    with pytest.raises(RunError, match=r"both has val_loss or val_mse \(min\), other has val_mae \(min\)"):
        comparison.read([tmp_path / "both", tmp_path / "other"])


def history_of(folder: Path) -> tuple[str, bool, list[float]]:
    """The label below the history, whether it shows the best so far, and the scores in its order."""
    run = results.read(folder)
    (axes,) = plots.history(run).axes
    labels = axes.get_legend_handles_labels()[1]
    return axes.get_xlabel(), "best so far" in labels, scores.ended(run)["trial_id"].tolist()


def test_no_order_is_claimed_that_is_not_known(tmp_path: Path) -> None:
    ids = ["f" * 32, "0" * 31 + "a", "5" * 32]
    for number, trial_id in enumerate(ids):
        write_trial(tmp_path / "hashes", trial_id, metrics=metrics(val_loss=number), score=number)
        write_trial(tmp_path / "numbers", str(number), metrics=metrics(val_loss=number), score=number)
        write_trial(tmp_path / "kept", str(number), metrics=metrics(val_loss=number), score=number)
    (tmp_path / "kept" / "oracle.json").write_text('{"end_order": ["2", "0", "1"]}')
    label, has_best, _ = history_of(tmp_path / "hashes")
    assert label == "trials, by their ids: in which order they ran is not known"
    assert not has_best
    assert history_of(tmp_path / "numbers") == ("trials, in the order in which they began", True, ["0", "1", "2"])
    assert history_of(tmp_path / "kept") == ("trials ended", True, ["2", "0", "1"])
    compared = plots.comparison(comparison.read([tmp_path / "hashes", tmp_path / "kept"]))
    assert compared.axes[0].get_xlabel() == "trials"
    assert any(
        "the order in which they ran is not known" in text.get_text() for text in compared.legends[0].get_texts()
    )
