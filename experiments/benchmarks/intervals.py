"""Measure the bootstrap of a test report beside resampling in a loop with scikit-learn.

python experiments/benchmarks/intervals.py

2,000 resamples of 7,178 faces and seven classes; the loop does 20 and is scaled up.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

from fer.evaluation.intervals import bootstrap_intervals

FACES, CLASSES, RESAMPLES, LOOPS = 7_178, 7, 2_000, 20


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    """Prints both times and their ratio."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, FACES)
    logits = rng.normal(size=(FACES, CLASSES)) + 2 * np.eye(CLASSES)[labels]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)

    def loop() -> None:
        for _ in range(LOOPS):
            drawn = rng.integers(0, FACES, FACES)
            truth, said = labels[drawn], probabilities[drawn]
            accuracy_score(truth, said.argmax(axis=1))
            f1_score(truth, said.argmax(axis=1), average="macro")
            roc_auc_score(truth, said, multi_class="ovr")

    ours = seconds(lambda: bootstrap_intervals(labels, probabilities))
    reference = seconds(loop) * RESAMPLES / LOOPS
    print(f"fer, every headline metric               {ours:8.2f} s")
    print(f"scikit-learn, accuracy, F1 and AUC only  {reference:8.2f} s (scaled up from {LOOPS})")
    print(f"the loop takes {reference / ours:.0f} times as long")


if __name__ == "__main__":
    main()
