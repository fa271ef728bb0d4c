from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from fer.evaluation.intervals import accuracy_interval, bootstrap_intervals, resample_counts
from fer.evaluation.metrics import headline


@pytest.mark.parametrize(
    "share", [None, [0.6, 0.02, 0.38], [0.7, 0.3, 0.0]], ids=["balanced", "rare", "absent"]
)
@pytest.mark.parametrize("ties", [False, True])
def test_agrees_with_a_plain_loop(answers: Callable, share: object, ties: bool) -> None:
    labels, probabilities = answers(5, n=60, k=3, share=share, ties=ties)
    counts = np.concatenate(list(resample_counts(60, 60, seed=4)), axis=1).astype(int)
    loop = []
    for column in counts.T:
        drawn = np.repeat(np.arange(60), column)
        loop.append(headline(labels[drawn], probabilities[drawn]))
    intervals = bootstrap_intervals(labels, probabilities, resamples=60, level=0.9, seed=4)
    assert set(intervals) == set(loop[0]) - {"support"}
    for name, (low, high) in intervals.items():
        expected = np.quantile([figures[name] for figures in loop], [0.05, 0.95])
        assert (low, high) == pytest.approx(tuple(expected), abs=1e-9), name


def test_each_resample_draws_as_many_images_as_there_are() -> None:
    counts = np.concatenate(list(resample_counts(40, 130, seed=0)), axis=1)
    assert counts.shape == (40, 130)
    assert (counts.sum(axis=0) == 40).all()
    assert counts.mean() == 1
    assert counts.var() == pytest.approx(1 - 1 / 40, abs=0.08)
    assert len(np.unique(counts, axis=1).T) == 130


def test_the_seed_decides(answers: Callable) -> None:
    labels, probabilities = answers(0)
    one = bootstrap_intervals(labels, probabilities, resamples=100, seed=1)
    assert one == bootstrap_intervals(labels, probabilities, resamples=100, seed=1)
    assert one != bootstrap_intervals(labels, probabilities, resamples=100, seed=2)


def test_width_is_that_of_the_binomial(answers: Callable) -> None:
    labels, probabilities = answers(0, n=2000)
    accuracy = headline(labels, probabilities)["accuracy"]
    low, high = bootstrap_intervals(labels, probabilities, resamples=1000)["accuracy"]
    error = np.sqrt(accuracy * (1 - accuracy) / 2000)
    assert low < accuracy < high
    assert high - low == pytest.approx(2 * 1.96 * error, rel=0.1)


def test_95_of_100_intervals_hold_the_true_value(answers: Callable) -> None:
    truth = headline(*answers(999, n=100_000, k=3))
    held = dict.fromkeys(["accuracy", "f1_macro", "auroc_macro", "nll"], 0)
    for seed in range(100):
        intervals = bootstrap_intervals(*answers(seed, n=200, k=3), resamples=300)
        for name in held:
            low, high = intervals[name]
            held[name] += low <= truth[name] <= high
    assert all(88 <= count <= 99 for count in held.values()), held


def test_one_class_alone_has_no_auc_interval() -> None:
    intervals = bootstrap_intervals([0] * 5, [[0.9, 0.1]] * 5, resamples=20)
    assert np.isnan(intervals["auroc_macro"]).all()


@pytest.mark.parametrize("right", [True, False])
def test_an_accuracy_of_all_or_none_has_an_interval_too(right: bool) -> None:
    labels = [0, 1] * 10
    odds = [[0.9, 0.1] if (k == 0) is right else [0.1, 0.9] for k in labels]
    low, high = bootstrap_intervals(labels, odds, resamples=20)["accuracy"]
    assert (low, high) == pytest.approx((0.8389, 1) if right else (0, 0.1611), abs=1e-4)
    assert accuracy_interval(float(right), 20) == (low, high)
