"""Stored pixels -> what a network takes: uint8 to floats, size, channels, views.

Training, testing and live use call the same functions.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def to_images(pixels: Tensor, size: int, channels: int) -> Tensor:
    """Scales stored pixels to 0 to 1 and brings them to the network's size and channels.

    Args:
        pixels: uint8 `[B, H, W]` (gray) or `[B, H, W, 3]` (RGB).
        size: Side of the result.
        channels: 1 or 3.

    Returns:
        float32 `[B, channels, size, size]`, 0 to 1.

    Examples:
        >>> to_images(torch.full((1, 48, 48), 255, dtype=torch.uint8), size=48, channels=3).shape
        torch.Size([1, 3, 48, 48])
    """
    images = pixels.unsqueeze(1) if pixels.ndim == 3 else pixels.permute(0, 3, 1, 2)
    images = images.to(torch.float32) / 255
    if images.shape[1] == 3 and channels == 1:
        weights = images.new_tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)  # ITU-R BT.601 luma
        images = (images * weights).sum(dim=1, keepdim=True)
    if images.shape[-2:] != (size, size):
        images = functional.interpolate(
            images, size=(size, size), mode="bilinear", antialias=True, align_corners=False
        ).clamp(0, 1)
    return images.expand(-1, channels, -1, -1)


def fixed_crops(images: Tensor, size: int, count: int) -> Tensor:
    """Square crops at fixed places.

    Args:
        images: `[B, C, H, W]`.
        size: Side of a crop.
        count: 1 centre; 5 corners and centre; 10 these and their mirror images.

    Returns:
        `[B, count, C, size, size]`.
    """
    height, width = images.shape[-2:]
    bottom, right = height - size, width - size
    centre = (bottom // 2, right // 2)
    places = [centre] if count == 1 else [(0, 0), (0, right), (bottom, 0), (bottom, right), centre]
    crops = torch.stack([images[..., y : y + size, x : x + size] for y, x in places], dim=1)
    return torch.cat([crops, crops.flip(-1)], dim=1) if count == 10 else crops


def evaluation_views(images: Tensor, crop: int | None, crops: int, flip: bool) -> Tensor:
    """The views of each image whose probabilities are averaged in testing.

    Args:
        images: `[B, C, H, W]`.
        crop: Side of the crops, None for the whole picture.
        crops: 1, 5 or 10, as in `fixed_crops`.
        flip: Whether each view is joined by its mirror image.

    Returns:
        `[B, C, H, W]` where there is one view, else `[B, V, C, H, W]`.
    """
    views = images.unsqueeze(1) if crop is None else fixed_crops(images, crop, crops)
    if flip and crops != 10:
        views = torch.cat([views, views.flip(-1)], dim=1)
    return views.squeeze(1) if views.shape[1] == 1 else views
