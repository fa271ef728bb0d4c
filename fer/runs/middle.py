"""What a checkpoint in the middle of an epoch must hold, beside what Lightning keeps.

Lightning keeps weights, optimiser and its own counts; it does not skip the batches that came.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from lightning import LightningModule
from torch import Tensor
from torchmetrics import Metric

from fer.data.loading import Batches


def middle_state(batches: int, model: LightningModule) -> dict[str, Any]:
    """Batches of the epoch so far, the random generators, and the training figures so far.

    Args:
        batches: That came.
        model: Whose `train_metrics` are collected during the epoch, on the device that draws.
    """
    return {
        "batches": batches,
        "random": torch.get_rng_state(),
        "random_device": _device_state(model.device),
        "figures": [
            {name: getattr(metric, name).clone() for name in metric._defaults}
            for metric in _metrics(model)
        ],
    }


def restore_middle(state: Mapping[str, Any], batches: Batches, model: LightningModule) -> None:
    """Sets batches, random generators and figures as they were."""
    batches.skip = state["batches"]
    torch.set_rng_state(state["random"].cpu())
    _set_device_state(model.device, state["random_device"])
    for metric, kept in zip(_metrics(model), state["figures"], strict=True):
        for name, value in kept.items():
            setattr(metric, name, value.to(metric.device))
        metric._update_count = 1  # or torchmetrics would warn that it was never updated


def _device_state(device: torch.device) -> Tensor | None:
    """Of the generator that draws on a GPU; None elsewhere."""
    if device.type == "cuda":
        return torch.cuda.get_rng_state(device)
    return torch.mps.get_rng_state() if device.type == "mps" else None


def _set_device_state(device: torch.device, state: Tensor | None) -> None:
    """The same on the device of now, whichever number it has; nothing where the kind differs."""
    if state is not None and device.type == "cuda":
        torch.cuda.set_rng_state(state.cpu(), device)
    elif state is not None and device.type == "mps":
        torch.mps.set_rng_state(state.cpu())


def _metrics(model: LightningModule) -> list[Metric]:
    """Each training metric that counts, in order."""
    figures = model.get_submodule("train_metrics")
    return [module for module in figures.modules() if isinstance(module, Metric)]
