"""Mixup and CutMix: pictures of a batch mixed with others of it, and what they aim at alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torchvision.transforms.v2 import CutMix, MixUp


class Mixing:
    """Mixes some batches, by blending (Zhang et al. 2018) or pasting (Yun et al. 2019).

    Where both are on, each has half of the mixed batches.

    Args:
        settings: `conf/augment`'s settings.
        classes: Number of classes K.
    """

    def __init__(self, settings: Mapping[str, Any], classes: int) -> None:
        kinds = ((MixUp, settings["mixup"]["alpha"]), (CutMix, settings["cutmix"]["alpha"]))
        self.ways = [
            kind(alpha=float(alpha), num_classes=classes) for kind, alpha in kinds if alpha
        ]
        self.probability: float = settings["mix_probability"]
        self.classes = classes

    @torch.no_grad()
    def __call__(self, images: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Mixes a batch, or leaves it as it is; its order may change.

        Args:
            images: `[B, C, H, W]`.
            targets: Class indices `[B]` or probabilities `[B, K]`.

        Returns:
            Images `[B, C, H, W]` and what they aim at, probabilities `[B, K]`.
        """
        if targets.ndim == 1:
            targets = torch.nn.functional.one_hot(targets, self.classes)
        targets = targets.to(images.dtype)
        if not self.ways or torch.rand(()) >= self.probability:
            return images, targets
        way = self.ways[int(torch.randint(len(self.ways), ()))]
        order = torch.randperm(len(images)).to(images.device)  # neighbours may be one face's crops
        mixed: tuple[Tensor, Tensor] = way(images[order], targets[order])
        return mixed


def mixes(settings: Mapping[str, Any]) -> bool:
    """Whether `conf/augment`'s settings ask for mixing; those of older runs have none."""
    return any(settings.get(way, {}).get("alpha") for way in ("mixup", "cutmix"))
