"""A search that ends when the last trials were no better than one before."""

from pathlib import Path

import keras
import keras_tuner
import pytest

from keras_search import results
from keras_search.tuner import Tuner
from tests.tuner.record.instant import Instant


class Scores(Instant):
    """Scores by the number of the trial; a None fails."""

    def __init__(self, scores: list[float | None]) -> None:
        super().__init__(lambda hp: hp.Int("units", 1, 10**6))
        self.scores = scores
        self.fits = 0

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: object, **kwargs: object) -> float:
        self.fits += 1
        score = self.scores[self.fits - 1]
        if score is None:
            raise keras_tuner.errors.FailedTrialError("on purpose")
        return score


def searched(folder: Path, scores: list[float | None], limit: int | None, objective: str = "max") -> Tuner:
    goal = keras_tuner.Objective("score", objective)
    made = Tuner(
        Scores(scores), goal, max_trials=20, workers=0, until_no_better=limit, directory=folder, project_name="run"
    )
    made.search()
    return made


def count(folder: Path) -> int:
    return len(results.read(folder / "run").trials)


@pytest.mark.parametrize(
    ("objective", "scores", "trials", "best"),
    [
        ("max", [0.1, 0.5, 0.3, 0.5, 0.2], 5, "01"),
        ("min", [0.1, 0.5, 0.3, 0.2], 4, "00"),
        ("max", [0.1, 0.5, None, 0.3, 0.5, None, 0.6, 0.2, 0.3, 0.6], 10, "06"),
    ],
)
def test_it_ends_after_so_many_trials_that_were_no_better(
    objective: str, scores: list, trials: int, best: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    searched(tmp_path, scores, 3, objective)
    assert count(tmp_path) == trials
    assert f"no further trial begins: 3 trials since trial {best} were no better\n" in capsys.readouterr().out


def test_nothing_is_said_where_no_trial_is_left(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    searched(tmp_path, [0.5] + [0.1] * 19, 19)
    searched(tmp_path, [], 1)
    assert count(tmp_path) == 20
    assert "no further trial" not in capsys.readouterr().out


def test_the_count_goes_on_with_the_run(tmp_path: Path) -> None:
    searched(tmp_path, [0.5, 0.1, 0.2], 2)
    searched(tmp_path, [0.3, 0.4], 4)
    assert count(tmp_path) == 5
    searched(tmp_path, [], 4)
    assert count(tmp_path) == 5
    searched(tmp_path, [0.1] * 15, None)
    assert count(tmp_path) == 20


@pytest.mark.parametrize(
    "argument",
    [{"until_no_better": 0}, {"until_no_better": 2.5}, {"until_no_better": True}, {"time_budget": "30m"}],
)
def test_what_is_no_limit_is_refused(argument: dict, tmp_path: Path) -> None:
    [name] = argument
    with pytest.raises(ValueError, match=f"^{name} is {argument[name]!r}: "):
        Tuner(Scores([]), "val_loss", directory=tmp_path, **argument)
    assert not list(tmp_path.iterdir())
