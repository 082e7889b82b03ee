"""The verdict on a search: is the best configuration better than the baseline, and how sure is it?"""

import math
import statistics
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean with its 95% confidence interval.

    Attributes:
        mean: The mean, as a share (0..1) or a difference of shares (-1..1).
        low, high: The ends of the interval; None if there is none.
        count: The number of values.
    """

    mean: float
    low: float | None
    high: float | None
    count: int

    @property
    def ends(self) -> tuple[float, float] | None:
        """`low` and `high`; None if there is no interval."""
        return None if self.low is None or self.high is None else (self.low, self.high)


@dataclass(frozen=True)
class Verdict:
    """Test accuracies of the baseline and the best configuration, each trained on several seeds.

    Attributes:
        documented: The accuracy that the baseline's README reports; None if the data are not MNIST.
        baseline, best: Mean test accuracy over the seeds.
        difference: Best minus baseline.
        p_value: Of Welch's two-sided t-test that the difference is 0; None if the accuracies are too few or all equal.
        significant: Whether the interval of the difference excludes 0; None if there is no interval.
    """

    documented: float | None
    baseline: Interval
    best: Interval
    difference: Interval
    p_value: float | None
    significant: bool | None


def judge(baseline: Sequence[float], best: Sequence[float], documented: float | None) -> Verdict:
    """The verdict on test accuracies (0..1), one per seed.

    Welch's t-test (B. L. Welch, Biometrika 34, 1947) compares the two without assuming equal variances. The intervals
    tell how much training varies with the seed; all models are tested on the same images.
    """
    difference, p_value = _welch(baseline, best)
    significant = None if difference.ends is None else not difference.ends[0] <= 0 <= difference.ends[1]
    return Verdict(documented, mean(baseline), mean(best), difference, p_value, significant)


def mean(values: Sequence[float]) -> Interval:
    """The mean of shares (0..1) with its Student's t interval, clipped to 0..1; a single value has no interval."""
    from scipy import stats

    count = len(values)
    middle = sum(values) / count
    if count < 2:
        return Interval(middle, None, None, count)
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, count - 1) * statistics.stdev(values)) / math.sqrt(count)
    return Interval(middle, max(0.0, middle - half), min(1.0, middle + half), count)


def _welch(baseline: Sequence[float], best: Sequence[float]) -> tuple[Interval, float | None]:
    from scipy import stats

    count = min(len(baseline), len(best))
    middle = sum(best) / len(best) - sum(baseline) / len(baseline)
    if count < 2:
        return Interval(middle, None, None, count), None
    if len(set(baseline)) == 1 and len(set(best)) == 1:
        # A small test set can give equal accuracies by chance; without any variance there is no test.
        return Interval(middle, None, None, count), None
    with warnings.catch_warnings():
        # SciPy warns of lost precision if one of the two has no variance; there, none is lost.
        warnings.simplefilter("ignore", RuntimeWarning)
        test: Any = stats.ttest_ind(best, baseline, equal_var=False)
    ends = test.confidence_interval(CONFIDENCE)
    return Interval(middle, float(ends.low), float(ends.high), count), float(test.pvalue)
