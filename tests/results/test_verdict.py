"""The arithmetic of the verdict."""

import pytest
from scipy import stats

from keras_search.results import verdict


def test_the_verdict_is_welchs() -> None:
    baseline, best = [0.979, 0.981, 0.980], [0.985, 0.990, 0.986]
    judged = verdict.judge(baseline, best, 0.1135)
    interval = stats.t.interval(0.95, 2, loc=0.98, scale=stats.sem(baseline))
    assert (judged.baseline.low, judged.baseline.high) == pytest.approx(interval)
    test = stats.ttest_ind(best, baseline, equal_var=False)
    assert judged.p_value == pytest.approx(test.pvalue)
    assert judged.difference.mean == pytest.approx(0.007)
    assert judged.significant is True
    assert verdict.judge(best, baseline, None).difference.mean == pytest.approx(-0.007)


def test_a_small_difference_is_not_called_significant() -> None:
    judged = verdict.judge([0.979, 0.981, 0.980], [0.980, 0.982, 0.9795], None)
    assert judged.significant is False
    assert judged.difference.low < 0 < judged.difference.high


def test_one_seed_has_no_interval_and_no_significance() -> None:
    judged = verdict.judge([0.9], [0.99], None)
    assert judged.best == verdict.Interval(0.99, None, None, 1)
    assert judged.significant is None


def test_no_spread_at_all() -> None:
    """On a small test set, seeds may agree by chance, which is no evidence."""
    judged = verdict.judge([0.9, 0.9], [0.95, 0.95], None)
    assert judged.significant is None
    assert judged.difference.low is None


@pytest.mark.filterwarnings("error")
def test_spread_on_one_side_is_enough() -> None:
    assert verdict.judge([0.9, 0.9, 0.9], [0.95, 0.951, 0.949], None).significant is True


def test_an_interval_of_shares_stays_within_0_and_1() -> None:
    interval = verdict.mean([0.95, 1.0])
    assert (interval.high, interval.low > 0) == (1.0, True)
