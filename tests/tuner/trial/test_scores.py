"""What the histories of a trial come to: its metrics at the best epoch."""

from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest

from keras_search.tuner.trial import scores

LOSS, ACCURACY = keras_tuner.Objective("val_loss", "min"), keras_tuner.Objective("val_accuracy", "max")


def history(**columns: list[float]) -> keras.callbacks.History:
    made = keras.callbacks.History()
    made.history = columns
    return made


def test_every_metric_is_that_of_the_best_epoch() -> None:
    trained = history(val_loss=[3.0, 1.0, 2.0], val_accuracy=[0.1, 0.2, 0.3])
    assert scores.best([trained], LOSS) == ({"val_loss": 1.0, "val_accuracy": 0.2}, 1)
    assert scores.best([trained], ACCURACY) == ({"val_loss": 2.0, "val_accuracy": 0.3}, 2)


def test_of_equal_epochs_the_first_counts() -> None:
    assert scores.best([history(val_loss=[2.0, 1.0, 1.0])], LOSS)[1] == 1


def test_executions_are_averaged_each_at_its_own_best_epoch() -> None:
    outcomes = [history(val_loss=[4.0, 1.0, 2.0]), history(val_loss=[3.0, 5.0, 6.0])]
    assert scores.best(outcomes, LOSS) == ({"val_loss": 2.0}, 0)
    assert scores.best([outcomes], LOSS) == ({"val_loss": 2.0}, 0), "of a fit that gives a list"


@pytest.mark.parametrize("outcome", [0.25, np.float32(0.25), {"val_loss": 0.25}])
def test_a_fit_may_give_its_score_alone(outcome: Any) -> None:
    assert scores.best([outcome], LOSS) == ({"val_loss": 0.25}, 0)


def test_without_any_score_it_is_no_number() -> None:
    metrics, epoch = scores.best([history(val_loss=[np.nan, np.nan])], LOSS)
    assert (list(metrics), epoch) == (["val_loss"], 0)
    assert np.isnan(metrics["val_loss"])


@pytest.mark.parametrize("outcomes", [[], [[]]])
def test_a_fit_that_gives_nothing_ends_the_search(outcomes: list[Any]) -> None:
    with pytest.raises(keras_tuner.errors.FatalValueError, match="empty list: return a score or a History"):
        scores.best(outcomes, LOSS)


def test_epochs_without_validation_are_told_by_the_learning_curve() -> None:
    trained = history(loss=[4.0, 3.0, 2.0], val_loss=[0.5, 0.6])
    curve = [{"epoch": 1, "val_loss": 9.0}, {"val_loss": 0.5}, {"val_loss": None}, {"val_loss": 0.6}]
    whole = scores.aligned(trained, curve)
    assert whole.history == {"loss": [4.0, 3.0, 2.0], "val_loss": [0.5, None, 0.6]}, "of the last three epochs"
    assert scores.best([whole], LOSS) == ({"loss": 4.0, "val_loss": 0.5}, 0)


def test_a_whole_history_is_left_as_it_is() -> None:
    trained = history(loss=[1.0], val_loss=[2.0])
    assert scores.aligned([trained, 0.5]) == [trained, 0.5]


def test_a_score_that_is_no_number_in_one_epoch_is_not_the_best() -> None:
    trained = history(loss=[3.0, 2.0, 1.0], val_f1=[np.nan, 0.2, 0.1])
    objective = keras_tuner.Objective("val_f1", "max")
    assert scores.best([trained], objective) == ({"loss": 2.0, "val_f1": 0.2}, 1)


def test_a_history_of_a_fit_of_ones_own_is_spread_over_its_epochs() -> None:
    trained = history(loss=[4.0, 3.0, 2.0, 1.0, 0.0], val_loss=[1.0, 2.0])
    assert scores.best(scores.aligned([trained]), LOSS) == ({"loss": 3.0, "val_loss": 1.0}, 1)
