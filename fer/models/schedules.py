"""Optimisers and learning-rate schedules.

Schedules are stepped by hand, by epoch and step number, so that a resumed run and an undisturbed
one see the same rates: Lightning writes an epoch's checkpoint before it steps its own schedulers.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from typing import Any

import torch
from timm.optim import (
    create_optimizer_v2,
    get_optimizer_info,
    list_optimizers,
    param_groups_layer_decay,
)
from timm.scheduler import CosineLRScheduler, create_scheduler_v2
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau

from fer.errors import ConfigError

NEEDS_LENGTH = ("cosine", "onecycle")
"""Schedules whose rates depend on the number of epochs."""


def check_optimizer(name: str) -> None:
    """Refuses an optimiser that cannot be had here, before a run folder is made for it.

    Raises:
        ConfigError: timm has no such optimiser, or it needs what is not there.
    """
    known = [str(each) for each in list_optimizers()]
    if name not in known:
        near = difflib.get_close_matches(name, known, n=5, cutoff=0.4)
        hint = (
            f"did you mean {', '.join(near)}?" if near else "timm.optim.list_optimizers() has all"
        )
        raise ConfigError(f"optimizer.name={name} is not an optimiser of timm's: {hint}")
    if get_optimizer_info(name).second_order:
        raise ConfigError(f"optimizer.name={name} needs second derivatives, which are not computed")
    try:
        create_optimizer_v2([nn.Parameter(torch.zeros(2, 2))], opt=name, lr=0.1)
    except Exception as error:  # timm's have many kinds, such as for a package or GPU it needs
        why = str(error) or type(error).__name__
        raise ConfigError(f"optimizer.name={name} cannot be used here: {why}") from None


def build_optimizer(
    network: nn.Module, head: tuple[str, ...], settings: Mapping[str, Any]
) -> Optimizer:
    """An optimiser by timm's name, over the parameters that learn, in groups; the head's come last.

    Norms and biases have no weight decay; parameters outside `head` (prefixes of names) have their
    learning rate times `backbone_scale`, and times `layer_decay` once for each layer, as timm
    counts them, between them and the head.

    Raises:
        ConfigError: See `check_optimizer`.
    """
    check_optimizer(settings["name"])
    groups: dict[tuple[bool, float, bool], list[nn.Parameter]] = {}
    scales = _layer_scales(network, settings["layer_decay"])
    for parameter_name, parameter in network.named_parameters():
        if parameter.requires_grad:
            in_head = parameter_name.startswith(head)
            decays = parameter.ndim > 1
            scale = 1.0 if in_head else settings["backbone_scale"] * scales[parameter_name]
            groups.setdefault((in_head, scale, decays), []).append(parameter)
    arranged = [
        {
            "params": parameters,
            "lr": settings["lr"] * scale,
            "weight_decay": settings["weight_decay"] if decays else 0.0,
        }
        for (_, scale, decays), parameters in sorted(groups.items(), key=lambda each: each[0][0])
    ]
    return create_optimizer_v2(
        arranged,
        opt=settings["name"],
        lr=settings["lr"],
        weight_decay=0.0,
        momentum=settings["momentum"],
    )


def _layer_scales(network: nn.Module, decay: float) -> dict[str, float]:
    """Each learning parameter's share of the full rate, by timm's groups of layers."""
    names = {id(p): name for name, p in network.named_parameters() if p.requires_grad}
    if decay == 1:
        return dict.fromkeys(names.values(), 1.0)
    groups = param_groups_layer_decay(network, layer_decay=decay)
    return {names[id(p)]: group["lr_scale"] for group in groups for p in group["params"]}


class Schedule:
    """Sets the learning rates of an optimiser before every epoch and step.

    Args:
        optimizer: Its groups' rates are the highest ones.
        settings: `conf/scheduler`'s.
        epochs: Of the whole training.
        steps_per_epoch: Optimiser steps of an epoch.
        maximise: Whether a higher monitored metric is better (plateau).
    """

    def __init__(
        self,
        optimizer: Optimizer,
        settings: Mapping[str, Any],
        epochs: int,
        steps_per_epoch: int,
        maximise: bool = True,
    ) -> None:
        self.optimizer = optimizer
        self.onecycle: list[list[float]] = []
        self.plateau: ReduceLROnPlateau | None = None
        self.timm: Any = None
        if settings["name"] == "onecycle":
            rates = [group["lr"] for group in optimizer.param_groups]
            self.onecycle = _onecycle_rates(
                rates, float(settings["rise"]), epochs * steps_per_epoch
            )
        elif settings["name"] == "plateau":
            self.plateau = ReduceLROnPlateau(
                optimizer,
                mode="max" if maximise else "min",
                factor=settings["decay_rate"],
                patience=settings["patience_epochs"],
                min_lr=settings["min_lr"],
            )
        else:
            self.timm = _timm_scheduler(optimizer, settings, epochs, steps_per_epoch)

    def before_epoch(self, epoch: int) -> None:
        """Sets the rates of schedules that move by the epoch."""
        if self.timm is not None:
            self.timm.step(epoch)

    def before_step(self, step: int) -> None:
        """Sets the rates of schedules that move by the step; `step` counts over the whole run."""
        if self.onecycle:
            rates = self.onecycle[min(step, len(self.onecycle) - 1)]
            for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
                group["lr"] = rate
        elif self.timm is not None:
            self.timm.step_update(step)

    def after_epoch(self, metric: float) -> None:
        """Tells the plateau schedule how the epoch went."""
        if self.plateau is not None:
            self.plateau.step(metric)

    def state_dict(self) -> dict[str, Any]:
        """What the plateau schedule remembers; all others are functions of epoch and step."""
        return {} if self.plateau is None else self.plateau.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from `state_dict`."""
        if self.plateau is not None and state:
            self.plateau.load_state_dict(state)


def _onecycle_rates(highest: list[float], rise: float, steps: int) -> list[list[float]]:
    """Torch's one-cycle rates of every step, for groups with these highest rates."""
    groups = [{"params": [torch.zeros(1)], "lr": rate} for rate in highest]
    stand_in = torch.optim.SGD(groups)
    total = max(steps, 2)
    if math.isclose(rise * total, 1):  # torch divides by the length of the rise, in steps less one
        rise += 1e-6
    cycle = OneCycleLR(
        stand_in, max_lr=highest, total_steps=total, pct_start=rise, cycle_momentum=False
    )
    table = [cycle.get_last_lr()]
    for _ in range(steps - 1):
        stand_in.step()
        cycle.step()
        table.append(cycle.get_last_lr())
    return [[float(rate) for rate in rates] for rates in table]


def _timm_scheduler(
    optimizer: Optimizer, settings: Mapping[str, Any], epochs: int, steps_per_epoch: int
) -> Any:
    chosen: dict[str, Any]
    if settings["name"] == "warm_restarts":
        return CosineLRScheduler(
            optimizer,
            t_initial=settings["cycle_epochs"] * steps_per_epoch,
            lr_min=settings["min_lr"],
            cycle_mul=settings["cycle_growth"],
            cycle_decay=settings["cycle_decay"],
            cycle_limit=1_000_000,
            warmup_t=settings["warmup_epochs"] * steps_per_epoch,
            warmup_lr_init=settings["warmup_lr"],
            t_in_epochs=False,
        )
    if settings["name"] == "cosine":
        chosen = {"sched": "cosine", "min_lr": settings["min_lr"], "step_on_epochs": False}
    elif settings["name"] == "step":
        start, every = settings["decay_start"], settings["decay_epochs"]
        chosen = {
            "sched": "multistep",
            # timm applies a milestone one epoch early
            "decay_milestones": list(range(start + every + 1, 10_000, every)),
            "decay_rate": settings["decay_rate"],
        }
    else:
        chosen = {"sched": "multistep", "decay_milestones": [], "decay_rate": 1.0}
    return create_scheduler_v2(
        optimizer,
        num_epochs=epochs,
        warmup_epochs=settings["warmup_epochs"],
        warmup_lr=settings["warmup_lr"],
        updates_per_epoch=steps_per_epoch,
        **chosen,
    )[0]
