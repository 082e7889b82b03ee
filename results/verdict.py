"""The verdict on a search: is the best configuration better than the baseline, and how sure is that?"""

import math
import statistics
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean with its 95% confidence interval; without one, `low` and `high` are None.

    Attributes:
        mean: The mean, as a share (0..1) or a difference of shares (-1..1).
        low, high: The ends of the interval.
        count: How many values it is the mean of.
    """

    mean: float
    low: float | None
    high: float | None
    count: int

    @property
    def ends(self) -> tuple[float, float] | None:
        """`low` and `high`; None without an interval."""
        return None if self.low is None or self.high is None else (self.low, self.high)


@dataclass(frozen=True)
class Verdict:
    """Test accuracies of the baseline and the best configuration, each trained on several seeds.

    Attributes:
        documented: What the baseline's README reports; None where the data are not MNIST.
        baseline, best: Mean test accuracy over the seeds.
        difference: Best minus baseline.
        p_value: Of Welch's two-sided t-test that the difference is 0; None where it cannot be made.
        significant: Whether the difference's interval leaves out 0; None where there is no interval.
    """

    documented: float | None
    baseline: Interval
    best: Interval
    difference: Interval
    p_value: float | None
    significant: bool | None


def judge(baseline: Sequence[float], best: Sequence[float], documented: float | None) -> Verdict:
    """The verdict on test accuracies (0..1), one a seed.

    The two are compared by Welch's t-test (B. L. Welch, Biometrika 34, 1947), which does not take their spreads to be
    equal. The intervals tell how much training varies with the seed; all models meet the same test images.
    """
    difference, p_value = _welch(baseline, best)
    significant = None if difference.ends is None else not difference.ends[0] <= 0 <= difference.ends[1]
    return Verdict(documented, mean(baseline), mean(best), difference, p_value, significant)


def mean(values: Sequence[float]) -> Interval:
    """The mean of shares (0..1) with its interval by Student's t, cut to 0..1; a single value has none."""
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
        # No spread at all, as a small test set can give by chance: the test has nothing to go by.
        return Interval(middle, None, None, count), None
    with warnings.catch_warnings():
        # SciPy doubts its precision where one of the two has no spread, which makes the sum easier, not harder.
        warnings.simplefilter("ignore", RuntimeWarning)
        test: Any = stats.ttest_ind(best, baseline, equal_var=False)
    ends = test.confidence_interval(CONFIDENCE)
    return Interval(middle, float(ends.low), float(ends.high), count), float(test.pvalue)
