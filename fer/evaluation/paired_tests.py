"""Whether two models differ: tests on the same images, and over the same seeds or folds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

_EQUAL = 1e-12
"""Accuracies closer than this differ by how they were rounded, not by an image."""

Right = NDArray[np.bool_]
"""bool `[N]`: which of the N images a model got right."""


@dataclass(frozen=True)
class Comparison:
    """Two models on the same N images.

    Attributes:
        difference: Accuracy of the first less that of the second, -1 to 1.
        low: Lower end of its 95 % interval.
        high: Upper end.
        first_only: Images that only the first got right.
        second_only: Images that only the second got right.
        p: McNemar's exact two-sided p.
    """

    difference: float
    low: float
    high: float
    first_only: int
    second_only: int
    p: float


def compare(first: Right, second: Right, resamples: int = 2_000, seed: int = 0) -> Comparison:
    """McNemar's exact test, and the bootstrap interval of the difference.

    The exact test asks whether the images that only one model got right fall to both equally often
    (McNemar, Psychometrika 1947; for classifiers Dietterich, Neural Computation 1998, section 3.1).
    The interval is the percentile bootstrap over images, both models on the same ones.

    Args:
        first: bool `[N]`.
        second: bool `[N]`, the same images in the same order.
        resamples: Of the bootstrap.
        seed: Of the bootstrap.

    Raises:
        ValueError: The two have other numbers of images, or none.

    Examples:
        >>> compare(np.array([1, 1, 1, 1, 1, 0], bool), np.array([0, 0, 0, 0, 0, 0], bool)).p
        0.0625
    """
    if first.shape != second.shape or first.size == 0:
        raise ValueError(f"{first.shape} and {second.shape} images cannot be paired")
    n = first.size
    more, less = int((first & ~second).sum()), int((second & ~first).sum())
    p = float(stats.binomtest(more, more + less).pvalue) if more + less else 1.0
    shares = [more / n, less / n, 1 - (more + less) / n]
    drawn = np.random.default_rng(seed).multinomial(n, shares, resamples)
    low, high = np.quantile((drawn[:, 0] - drawn[:, 1]) / n, [0.025, 0.975])
    return Comparison((more - less) / n, float(low), float(high), more, less, p)


def mean_interval(
    values: NDArray[np.float64], resamples: int = 2_000, seed: int = 0
) -> tuple[float, float]:
    """95 % percentile bootstrap interval of a mean over images.

    What a resample draws of N images is how often each of their values comes, which is multinomial:
    where there are few values, such as shares right of a few seeds, all resamples are one product.

    Args:
        values: `[N]`, such as what two models differ by on each image.
        resamples: Of the bootstrap.
        seed: Of the bootstrap.
    """
    distinct, counts = np.unique(values, return_counts=True)
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(len(values), counts / len(values), resamples)
    low, high = np.quantile(drawn @ distinct / len(values), [0.025, 0.975])
    return float(low), float(high)


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted for how many they are (Holm, Scandinavian Journal of Statistics 1979).

    Examples:
        >>> [round(p, 3) for p in holm([0.04, 0.01, 0.03])]
        [0.06, 0.03, 0.06]
    """
    order = np.argsort(p_values)
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order.tolist()):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = largest
    return adjusted


def corrected_t(differences: Sequence[float], test_share: float) -> tuple[float, float]:
    """The corrected resampled t-test over seeds or folds.

    Folds share training images, so their differences are not independent; the variance is raised
    by the ratio of test to training images (Nadeau and Bengio, Machine Learning 2003, section 4.1).

    Args:
        differences: Of a metric, one per seed or fold that both models have.
        test_share: Test images divided by training images.

    Returns:
        t, and its two-sided p with one degree of freedom fewer than differences; both NaN for
        fewer than two differences, and where all are equal but not 0: without any variance to
        measure the mean by, nothing is known of what another seed would give.
    """
    count = len(differences)
    if count < 2:
        return math.nan, math.nan
    mean, variance = float(np.mean(differences)), float(np.var(differences, ddof=1))
    if np.ptp(differences) < _EQUAL:
        return (0.0, 1.0) if abs(mean) < _EQUAL else (math.nan, math.nan)
    t = mean / math.sqrt((1 / count + test_share) * variance)
    return t, float(2 * stats.t.sf(abs(t), count - 1))
