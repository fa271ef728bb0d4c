from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.utils import check_random_state

from fer.evaluation.paired_tests import compare, corrected_t, holm


def pair(both: int, first: int, second: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    """Two models by how many images each got right."""
    counts = (both, first, second, neither)
    return (
        np.repeat(np.array([True, True, False, False]), counts),
        np.repeat(np.array([True, False, True, False]), counts),
    )


@pytest.mark.parametrize("first, second", [(10, 2), (3, 3), (0, 7), (40, 61)])
def test_mcnemar_is_the_binomial_sum(first: int, second: int) -> None:
    result = compare(*pair(50, first, second, 20))
    n, low = first + second, min(first, second)
    tail = sum(math.comb(n, k) for k in range(low + 1)) / 2**n
    assert result.p == pytest.approx(min(1.0, 2 * tail))
    assert (result.first_only, result.second_only) == (first, second)
    assert result.difference == pytest.approx((first - second) / (70 + n))


def test_the_interval_is_that_of_resampled_images() -> None:
    first, second = pair(300, 60, 30, 110)
    result = compare(first, second)
    random = check_random_state(1)
    loop = []
    for _ in range(4000):
        drawn = random.randint(0, len(first), len(first))
        loop.append(first[drawn].mean() - second[drawn].mean())
    low, high = np.quantile(loop, [0.025, 0.975])
    assert (result.low, result.high) == pytest.approx((low, high), abs=0.004)
    assert result.low < 0.06 < result.high


def test_equal_models_are_not_told_apart() -> None:
    same = np.array([True, False, True])
    result = compare(same, same)
    assert (result.difference, result.low, result.high, result.p) == (0, 0, 0, 1)


def test_other_images_cannot_be_paired() -> None:
    with pytest.raises(ValueError, match="cannot be paired"):
        compare(np.ones(3, bool), np.ones(4, bool))


def test_holm_as_in_his_paper() -> None:
    # p ordered: .005, .01, .03, .04 times 4, 3, 2, 1, never falling
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


def test_corrected_t_by_hand() -> None:
    # mean 2, variance 1, five folds of a fifth: t = 2 / sqrt((1/3 + 1/4) * 1)
    t, p = corrected_t([1.0, 2.0, 3.0], test_share=0.25)
    assert t == pytest.approx(2 / math.sqrt(7 / 12))
    assert p == pytest.approx(0.1203, abs=2e-4)
    assert all(math.isnan(v) for v in corrected_t([1.0], 0.25))
    assert corrected_t([0.0, 0.0], 0.25) == (0.0, 1.0)


@pytest.mark.parametrize("same", [0.1, 0.3 - 0.2])
def test_equal_differences_prove_nothing_by_a_t_test(same: float) -> None:
    assert all(math.isnan(v) for v in corrected_t([same, 0.1, 0.7 - 0.6], 0.25))
