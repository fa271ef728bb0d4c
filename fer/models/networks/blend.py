"""Several networks as one: their answers or features, joined."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from fer.errors import ConfigError


class Blend(nn.Module):
    """Members that stay as they are, and one linear layer on top of what they say.

    Args:
        members: M networks that map images `[B, C, H, W]`, 0 to 1, to logits `[B, K]`.
        join: `logits`: the members' logits side by side (M K -> K); `features`: what goes into
            their last linear layers side by side; `mean`: the mean of their probabilities, where
            nothing learns.
        classes: K.

    Raises:
        ConfigError: `features` of a member that does not end in a linear layer of K outputs.
    """

    def __init__(self, members: Sequence[nn.Module], join: str, classes: int) -> None:
        super().__init__()
        self.members = nn.ModuleList(members).requires_grad_(False)
        self.join = join
        if join != "mean":
            width = len(members) * classes
            if join == "features":
                width = sum(_last_linear(member, classes).in_features for member in members)
            self.joined = nn.Linear(width, classes)
        self.classes = classes
        self.train()

    def train(self, mode: bool = True) -> Blend:
        """Switches the joining layer alone: members neither drop out nor move their statistics."""
        super().train(mode)
        self.members.eval()
        return self

    def forward(self, images: Tensor) -> Tensor:
        """Logits `[B, K]` of images `[B, C, H, W]`, 0 to 1."""
        with torch.no_grad():
            told = [self._told(member, images) for member in self.members]
        if self.join == "mean":
            mean = torch.stack([each.float().softmax(dim=1) for each in told]).mean(dim=0)
            return mean.clamp_min(torch.finfo(mean.dtype).tiny).log()
        logits: Tensor = self.joined(torch.cat(told, dim=1))
        return logits

    def _told(self, member: nn.Module, images: Tensor) -> Tensor:
        """A member's logits `[B, K]`, or the features `[B, F]` below its last layer."""
        if self.join != "features":
            logits: Tensor = member(images)
            return logits
        seen: list[Tensor] = []
        last = _last_linear(member, self.classes)
        hook = last.register_forward_pre_hook(lambda layer, given: seen.append(given[0]))
        try:
            member(images)
        finally:
            hook.remove()
        return seen[0]


def _last_linear(member: nn.Module, classes: int) -> nn.Linear:
    """The layer that a member's logits come out of."""
    layers = [module for module in member.modules() if isinstance(module, nn.Linear)]
    if not layers or layers[-1].out_features != classes:
        raise ConfigError(
            "model.join=features: a member does not end in a linear layer; use logits or mean"
        )
    return layers[-1]
