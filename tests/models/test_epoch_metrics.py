"""Figures of an epoch are those of a test report."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fer.evaluation.metrics import headline
from fer.models.epoch_metrics import EpochMetrics


@pytest.mark.parametrize("present", [range(7), (0, 1, 4), (2,)])
def test_means_over_classes_are_a_reports_also_where_some_are_absent(present: range) -> None:
    draw = np.random.default_rng(0)
    labels, odds = draw.choice(present, 60), draw.random((60, 7))
    odds[np.arange(60), labels] += 0.4
    odds /= odds.sum(axis=1, keepdims=True)
    logged = EpochMetrics("validation", 7, macro=True)
    for part in np.array_split(np.arange(60), 4):
        logits, truth = torch.from_numpy(np.log(odds[part])), torch.from_numpy(labels[part])
        logged.update(torch.tensor(1.0), logits, truth)
    logs, figures = logged.finish(), headline(labels, odds)
    for name in ("accuracy", "balanced_accuracy", "f1_macro"):
        assert float(logs[f"validation/{name}"]) == pytest.approx(figures[name], abs=1e-6)
