"""The lower confidence bound of a Gaussian process, and the point where it is lowest.

Keras Tuner (`keras_tuner/src/tuners/bayesian.py`) looks for the same point, but asks scikit-learn for each value and
has no slopes, which takes far longer.
"""

from typing import Any

import numpy as np
import scipy.linalg
import scipy.optimize
from sklearn.gaussian_process import GaussianProcessRegressor

_LEAST_VARIANCE = 1e-12  # rounding may leave none, or less


class ConfidenceBound:
    """Mean minus `beta` standard deviations of a fitted process.

    It is in units of the normalised scores that the process was fitted to.

    Args:
        process: A fitted process with Keras Tuner's kernel, `Matern(nu=2.5)`.
        beta: How many standard deviations below the mean.
    """

    def __init__(self, process: GaussianProcessRegressor, beta: float) -> None:
        kernel: Any = process.kernel_
        self._points = process.X_train_
        self._length = kernel.length_scale
        self._weights = process.alpha_
        self._precision = scipy.linalg.cho_solve((process.L_, True), np.eye(len(self._points)))
        self._beta = beta

    def at(self, point: np.ndarray) -> tuple[float, np.ndarray]:
        """The bound and its slopes at `point`, a vector of float64."""
        differences = (point - self._points) / self._length
        distances = np.sqrt(5) * np.sqrt(np.square(differences).sum(axis=1))
        decay = np.exp(-distances)
        kernel = (1 + distances + np.square(distances) / 3) * decay
        slopes = (-5 / 3 / self._length) * ((1 + distances) * decay)[:, np.newaxis] * differences
        explained = self._precision @ kernel
        deviation = np.sqrt(max(1 - kernel @ explained, _LEAST_VARIANCE))
        bound = kernel @ self._weights - self._beta * deviation
        return bound, slopes.T @ (self._weights + self._beta / deviation * explained)

    def lowest(self, starts: np.ndarray, bounds: np.ndarray) -> np.ndarray:
        """The best point that a descent from each of `starts` reaches.

        Args:
            starts: Points, of shape (number, dimensions).
            bounds: The least and the largest value of each dimension, of shape (dimensions, 2).
        """
        descents = (
            scipy.optimize.minimize(self.at, start, jac=True, bounds=bounds, method="L-BFGS-B") for start in starts
        )
        return min(descents, key=lambda descent: descent.fun).x
