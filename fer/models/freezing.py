"""Depth of freezing, one integer for every backbone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from fer.errors import ConfigError


def stages(network: Any) -> list[list[str]]:
    """Names of the modules that own parameters, stage by stage, without the head.

    A stage ends where timm's `feature_info` marks that resolution halves; the first is the stem,
    and what comes after the last mark belongs to the last stage.

    Examples:
        >>> import timm
        >>> [names[0] for names in stages(timm.create_model("resnet18"))]
        ['conv1', 'layer1.0.conv1', 'layer2.0.conv1', 'layer3.0.conv1', 'layer4.0.conv1']

    Raises:
        ConfigError: The network names no stages.
    """
    if not hasattr(network, "feature_info"):
        raise ConfigError(f"{type(network).__name__} has no stages: model.frozen_stages=0")
    marks = [info["module"] for info in network.feature_info]
    head = head_names(network)
    found: list[list[str]] = [[] for _ in marks]
    stage, inside = 0, False
    for name, module in network.named_modules():
        reached = stage < len(marks) and (name + ".").startswith(marks[stage] + ".")
        if inside and not reached:  # the marked module is behind us
            stage, inside = stage + 1, False
            reached = stage < len(marks) and (name + ".").startswith(marks[stage] + ".")
        inside = inside or reached
        own = any(True for _ in module.parameters(recurse=False))
        if own and not (name + ".").startswith(head):
            found[min(stage, len(marks) - 1)].append(name)
    return [names for names in found if names]


def head_names(network: Any) -> tuple[str, ...]:
    """Prefixes of the names of the last layer's parameters, each with a final dot."""
    named = network.pretrained_cfg["classifier"]
    return tuple(f"{name}." for name in ([named] if isinstance(named, str) else named))


def apply_freezing(network: nn.Module, model: Mapping[str, Any]) -> None:
    """Lets only that learn which the settings name, now or in a later epoch.

    Args:
        network: As built: all of it learns.
        model: `conf/model`'s settings, of which `frozen_stages`, `unfreeze` and `train_only` count.

    Raises:
        ConfigError: The network has no such stages or parameters.
    """
    unfreeze = model.get("unfreeze")
    if unfreeze:
        check_unfreezing(network, unfreeze)
    if depth := min(unfreeze.values()) if unfreeze else model.get("frozen_stages"):
        freeze(network, depth)
    if model.get("train_only") is not None:
        train_only(network, model["train_only"])


def freeze(network: nn.Module, frozen_stages: int) -> None:
    """Stops the first stages from learning: 0 none, 1 the stem, the largest all but the head.

    Raises:
        ConfigError: There are not so many stages.
    """
    _check_depth(network, frozen_stages, "model.frozen_stages")
    _let_learn(network, stages(network)[:frozen_stages], False)


def set_depth(network: nn.Module, frozen_stages: int) -> None:
    """Freezes the first stages and lets the others learn, whatever learnt before."""
    found = stages(network)
    _let_learn(network, found[:frozen_stages], False)
    _let_learn(network, found[frozen_stages:], True)
    network.train(network.training)  # norms that slept as frozen ones
    keep_frozen_norms(network)


def check_unfreezing(network: nn.Module, depths: Mapping[int, int]) -> None:
    """Refuses depths that the network does not have.

    Raises:
        ConfigError: There are not so many stages.
    """
    for depth in depths.values():
        _check_depth(network, depth, "model.unfreeze")


def _check_depth(network: nn.Module, depth: int, key: str) -> None:
    count = len(stages(network))
    if not 0 <= depth <= count:
        raise ConfigError(
            f"{key}={depth}: this backbone has {count} stages; "
            f"use 0 (train all) to {count} (train the head alone)"
        )


def _let_learn(network: nn.Module, found: Sequence[Sequence[str]], learns: bool) -> None:
    """Lets the parameters of some stages learn, or stops them."""
    chosen = {name for names in found for name in names}
    for name, module in network.named_modules():
        if name in chosen:
            for parameter in module.parameters(recurse=False):
                parameter.requires_grad_(learns)


def train_only(network: nn.Module, patterns: Sequence[str]) -> None:
    """Lets only the parameters learn whose names match a shell-style pattern, such as `fc.*`.

    Raises:
        ConfigError: A pattern matches nothing.
    """
    names = [name for name, _ in network.named_parameters()]
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise ConfigError(
                f"model.train_only: '{pattern}' matches no parameter; "
                f"the last ones are called {', '.join(names[-4:])}"
            )
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(any(fnmatchcase(name, pattern) for pattern in patterns))


def keep_frozen_norms(network: nn.Module) -> None:
    """Puts norms that do not learn into eval mode, so that their running statistics stay.

    Called after every `network.train()`, which would wake them up.
    """
    for module in network.modules():
        if isinstance(module, _NormBase):
            parameters = list(module.parameters(recurse=False))
            if parameters and not any(p.requires_grad for p in parameters):
                module.eval()


def count_parameters(network: nn.Module) -> tuple[int, int]:
    """All parameters, and those that learn."""
    sizes = [(p.numel(), p.requires_grad) for p in network.parameters()]
    return sum(n for n, _ in sizes), sum(n for n, learns in sizes if learns)
