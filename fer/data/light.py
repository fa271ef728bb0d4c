"""Brighter and darker, more and less contrast."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Light(nn.Module):
    """Adds a number to each picture, then multiplies it by a factor, within black and white.

    Args:
        brightness: The number is drawn from within -b to b.
        contrast: The factor is drawn from within 1 - c to 1 + c.
    """

    def __init__(self, brightness: float, contrast: float) -> None:
        super().__init__()
        self.brightness, self.contrast = brightness, contrast

    def forward(self, images: Tensor) -> Tensor:
        """Changes `[B, C, H, W]`, 0 to 1, by another number and factor for each picture.

        They are drawn on the CPU, as all of augmentation is, so that processes draw alike.
        """
        drawn = (torch.rand(2, len(images), 1, 1, 1) * 2 - 1).to(images.device)
        images = (images + self.brightness * drawn[0]).clamp_(0, 1)
        return images.mul_(1 + self.contrast * drawn[1]).clamp_(0, 1)
