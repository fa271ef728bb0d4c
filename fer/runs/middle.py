"""What a checkpoint in the middle of an epoch must hold, beside what Lightning keeps.

Lightning keeps weights, optimiser and its own counts; it does not skip the batches that came.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import nn
from torchmetrics import Metric

from fer.data.loading import Batches


def middle_state(batches: int, figures: nn.Module) -> dict[str, Any]:
    """Batches of the epoch so far, the random generators, and the training figures so far.

    Args:
        batches: That came.
        figures: Holds the metrics that are collected during the epoch.
    """
    return {
        "batches": batches,
        "random": torch.get_rng_state(),
        "random_cuda": torch.cuda.get_rng_state_all(),
        "figures": [
            {name: getattr(metric, name).clone() for name in metric._defaults}
            for metric in _metrics(figures)
        ],
    }


def restore_middle(state: Mapping[str, Any], batches: Batches, figures: nn.Module) -> None:
    """Sets batches, random generators and figures as they were."""
    batches.skip = state["batches"]
    torch.set_rng_state(state["random"].cpu())
    if state["random_cuda"]:
        torch.cuda.set_rng_state_all([each.cpu() for each in state["random_cuda"]])
    for metric, kept in zip(_metrics(figures), state["figures"], strict=True):
        for name, value in kept.items():
            setattr(metric, name, value.to(metric.device))
        metric._update_count = 1  # or torchmetrics would warn that it was never updated


def _metrics(figures: nn.Module) -> Iterator[Metric]:
    """Each metric that counts, in order."""
    return (module for module in figures.modules() if isinstance(module, Metric))
