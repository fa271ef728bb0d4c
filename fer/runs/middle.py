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
from fer.data.sharing import SharedDraws
from fer.processes.exchange import gathered


def middle_state(batches: int, model: LightningModule, draws: SharedDraws) -> dict[str, Any]:
    """Batches of the epoch so far, the random generators, and the training figures so far.

    With several processes, all call it: `draws` has what they draw alike, `others` the generators
    and figures of those after the first.

    Args:
        batches: That came.
        model: Whose `train_metrics` are collected during the epoch, on the device that draws.
        draws: The data module's.
    """
    first, *others = gathered(_own_state(model))
    return {"batches": batches, "draws": draws.state, "others": others, **first}


def _own_state(model: LightningModule) -> dict[str, Any]:
    """Of this process, on the CPU."""
    return {
        "random": torch.get_rng_state(),
        "random_device": _device_state(model.device),
        "figures": [
            {name: getattr(metric, name).clone().cpu() for name in metric._defaults}
            for metric in _metrics(model)
        ],
    }


def restore_middle(
    state: Mapping[str, Any],
    batches: Batches,
    model: LightningModule,
    draws: SharedDraws,
    rank: int,
) -> None:
    """Sets batches, random generators and figures of a process as they were.

    Args:
        state: What `middle_state` gave.
        batches: Of the training, which will skip those that came.
        model: Whose `train_metrics` are set.
        draws: The draws that all processes share.
        rank: Of this process.
    """
    batches.skip, draws.state = state["batches"], state.get("draws")
    own = [state, *state.get("others", [])][rank]
    torch.set_rng_state(own["random"].cpu())
    _set_device_state(model.device, own["random_device"])
    for metric, kept in zip(_metrics(model), own["figures"], strict=True):
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
