from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

Answers = tuple[NDArray[np.int64], NDArray[np.float64]]


@pytest.fixture
def answers() -> Callable[..., Answers]:
    """A maker of labels and probabilities of a model that is right more often than not."""

    def make(
        seed: int, n: int = 300, k: int = 7, share: object = None, ties: bool = False
    ) -> Answers:
        generator = np.random.default_rng(seed)
        labels = generator.choice(k, size=n, p=share)  # type: ignore[arg-type]
        scores = np.exp(generator.normal(size=(n, k)) + 1.5 * np.eye(k)[labels])
        if ties:
            scores = np.round(scores) + 1
        return labels, scores / scores.sum(axis=1, keepdims=True)

    return make
