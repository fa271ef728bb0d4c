"""How far a test figure could be off because the test part is only a sample.

Percentile bootstrap over test images (Efron and Tibshirani, An Introduction to the Bootstrap,
1993, chapter 13): draw N images with replacement, measure, repeat, and cut off both tails. It says
nothing of how the figure moves with the seed of training. Of an accuracy of 0 or 1, which every
resample has again, Wilson's interval is given instead.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fer.evaluation.metrics import (
    ECE_BINS,
    calibration_gaps,
    checked,
    image_binary_hits,
    image_nll,
)
from fer.evaluation.wilson import wilson_interval
from fer.extending.own_metrics import METRICS, measure_own

_CHUNK = 100
_Float = NDArray[np.float64]
_Int = NDArray[np.int64]


def resample_counts(n: int, resamples: int, seed: int) -> Iterator[_Float]:
    """How often each of n images is drawn, in chunks of float64 `[n, R]`, a column a resample."""
    generator = np.random.default_rng(seed)
    for start in range(0, resamples, _CHUNK):
        size = min(_CHUNK, resamples - start)
        cells = generator.integers(n, size=(n, size)) * size + np.arange(size)
        counts = np.bincount(cells.ravel(), minlength=n * size)
        yield counts.reshape(n, size).astype(np.float64)


class _Resampler:
    """Headline metrics of many resamples at once.

    All but the AUC depend on a resample only through sums over its images: counts of the confusion
    matrix, calibration gaps per bin, loss, hits. So one product with `sums` gives them all. A
    plugin's metrics are measured resample by resample.
    """

    def __init__(self, labels: _Int, probabilities: _Float) -> None:
        n, k = probabilities.shape
        bins, gaps = calibration_gaps(labels, probabilities)
        self.k, self.labels, self.probabilities = k, labels, probabilities
        self.sums = np.zeros((k * k + ECE_BINS + 2, n))
        self.sums[labels * k + probabilities.argmax(axis=1), np.arange(n)] = 1
        self.sums[k * k + bins, np.arange(n)] = gaps
        self.sums[-2] = image_nll(labels, probabilities)
        self.sums[-1] = image_binary_hits(labels, probabilities)
        self.rankings = [_Ranking(labels == c, probabilities[:, c]) for c in range(k)]

    def __call__(self, counts: _Float) -> dict[str, _Float]:
        """Counts `[N, R]` to metrics `[R]`, as `headline` would give them one by one."""
        n, resamples = counts.shape
        k = self.k
        sums = self.sums @ counts
        table = sums[: k * k].reshape(k, k, resamples)
        right = np.diagonal(table).T
        support, said = table.sum(axis=1), table.sum(axis=0)
        precision, recall = _ratio(right, said), _ratio(right, support)
        f1 = _ratio(2 * right, support + said)
        small = counts.astype(np.float32)
        areas = np.stack([ranking.auroc(small) for ranking in self.rankings])
        known = ~np.isnan(areas)
        mean_area = np.where(known, areas, 0).sum(axis=0) / np.where(
            known.any(axis=0), known.sum(axis=0), np.nan
        )
        accuracy = right.sum(axis=0) / n
        return {
            "accuracy": accuracy,
            "balanced_accuracy": recall.sum(axis=0) / (support > 0).sum(axis=0),
            "f1_macro": f1.mean(axis=0),
            "f1_weighted": (f1 * support).sum(axis=0) / n,
            "precision_weighted": (precision * support).sum(axis=0) / n,
            "recall_weighted": accuracy,
            "auroc_macro": mean_area,
            "ece": np.abs(sums[k * k : -2]).sum(axis=0) / n,
            "nll": sums[-2] / n,
            "binary_accuracy_elementwise": sums[-1] / n,
            **self._own(counts),
        }

    def _own(self, counts: _Float) -> dict[str, _Float]:
        """What plugins add, `[R]` each."""
        if not METRICS.loaded():
            return {}
        drawn = [np.repeat(np.arange(len(counts)), column) for column in counts.T.astype(np.int64)]
        each = [measure_own(self.labels[faces], self.probabilities[faces]) for faces in drawn]
        return {name: np.array([found[name] for found in each]) for name in each[0]}


class _Ranking:
    """The order of all images by one class' probability, sorted once for all resamples."""

    def __init__(self, positive: NDArray[np.bool_], scores: _Float) -> None:
        self.order = np.argsort(scores, kind="stable")
        ranked = scores[self.order]
        self.positive = self.order[positive[self.order]]
        # the images of lower score than a positive one, and those not of higher score
        self.below = np.searchsorted(ranked, scores[self.positive], side="left")
        self.up_to = np.searchsorted(ranked, scores[self.positive], side="right")

    def auroc(self, counts: NDArray[np.float32]) -> _Float:
        """Counts `[N, R]` to areas `[R]`, NaN where a resample has one side only.

        Single precision is exact for whole numbers up to 2**24, and half the work.

        The Mann-Whitney form: the share of (positive, other) pairs in the right order, ties
        counting half. Pairs of two positives add half the square of their number, taken off again.
        """
        n = len(counts)
        drawn = np.zeros((n + 1, counts.shape[1]), dtype=np.float32)
        np.cumsum(counts[self.order], axis=0, out=drawn[1:])
        weights = counts[self.positive].astype(np.float64)
        positives = weights.sum(axis=0)
        ranks = np.einsum("pr,pr->r", weights, drawn[self.below] + drawn[self.up_to]) / 2
        pairs = positives * (n - positives)
        return _ratio(ranks - positives**2 / 2, pairs, otherwise=np.nan)


def _ratio(over: _Float, under: _Float, otherwise: float = 0) -> _Float:
    """`over / under`, and `otherwise` where `under` is 0."""
    return np.divide(over, under, out=np.full_like(over, otherwise), where=under > 0)


def accuracy_interval(
    accuracy: float, n: int, resamples: int = 2000, level: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """The same interval for an accuracy alone: that of a resample is a binomial share.

    Of 0 and 1 it is Wilson's, which is not a point.

    Args:
        accuracy: Of the n images, 0 to 1.
        n: Number of images, 1 and more.
        resamples: How many times to draw.
        level: Share of resamples inside the interval, above 0 and below 1.
        seed: Seed of the draws.

    Returns:
        (low, high).
    """
    if accuracy in (0, 1):
        return wilson_interval(round(accuracy * n), n, level)
    draws = np.random.default_rng(seed).binomial(n, accuracy, resamples) / n
    tail = (1 - level) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    return float(low), float(high)


def bootstrap_intervals(
    labels: ArrayLike,
    probabilities: ArrayLike,
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, tuple[float, float]]:
    """Confidence intervals of every headline metric.

    Resamples for which a metric is undefined (`auroc_macro` with one class drawn) are left out of
    that metric's interval. Where all answers are right, or none, the intervals of accuracy and
    weighted recall are Wilson's; those of other metrics may then be points. The interval of `ece`
    may lie above its value: resampling adds noise, and noise adds calibration error.

    Args:
        labels: int `[N]`, 0 to K - 1.
        probabilities: `[N, K]`, 0 to 1.
        resamples: How many times to draw, 1 and more.
        level: Share of resamples inside the interval, above 0 and below 1.
        seed: Seed of the draws; equal seeds give equal intervals.

    Returns:
        The names of `headline` but `support`, each with (low, high); (NaN, NaN) where no resample
        defines the metric.

    Raises:
        DataError: No images, or the shapes disagree.
    """
    truth, scores = checked(labels, probabilities)
    measure = _Resampler(truth, scores)
    chunks = [measure(counts) for counts in resample_counts(len(truth), resamples, seed)]
    tail = (1 - level) / 2
    intervals = {}
    for name in chunks[0]:
        values = np.concatenate([chunk[name] for chunk in chunks])
        known = values[~np.isnan(values)]
        low, high = np.quantile(known, [tail, 1 - tail]) if len(known) else (np.nan, np.nan)
        intervals[name] = (float(low), float(high))
    right = int((scores.argmax(axis=1) == truth).sum())
    if right in (0, len(truth)):
        for name in ("accuracy", "recall_weighted"):  # which are the same
            intervals[name] = wilson_interval(right, len(truth), level)
    return intervals
