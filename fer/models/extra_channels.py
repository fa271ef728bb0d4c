"""Maps beside the picture, as further input channels: local patterns, higher-order statistics.

They are made inside the model from what it is given, after augmentation and before normalisation,
so that training, testing, live use and export get the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

COUNTS = {"lbp": 1, "hos": 2}
"""Channels of each name that `model.extra_channels` may hold."""
MEAN, DEVIATION = 0.5, 0.25
"""What extra channels are normalised with, whatever the data: they lie within 0 to 1."""
WINDOW = 5
"""Side of the window of the local statistics, in pixels."""
FLAT = 1e-6
"""A window of less variance holds only the rounding of 8-bit pixels, and has no shape."""

_CIRCLE = ((0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1))
"""(Down, across) of the neighbours: from the right one anticlockwise, the lowest bit first."""


def extra_count(names: Sequence[str]) -> int:
    """How many channels are added.

    Examples:
        >>> extra_count(["lbp", "hos"])
        3
    """
    return sum(COUNTS[name] for name in names)


@torch.no_grad()
def add_channels(images: Tensor, names: Sequence[str]) -> Tensor:
    """Images with the maps of their luma behind their own channels.

    Args:
        images: `[B, C, H, W]`, 0 to 1, C 1 or 3.
        names: `lbp` and `hos`, in the order in which they are added.

    Returns:
        `[B, C + extra_count(names), H, W]`, 0 to 1.
    """
    gray = images
    if images.shape[1] == 3:
        weights = images.new_tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)  # ITU-R BT.601 luma
        gray = (images * weights).sum(dim=1, keepdim=True)
    makers = {"lbp": lbp_map, "hos": moment_maps}
    return torch.cat([images, *(makers[name](gray) for name in names)], dim=1)


def lbp_map(gray: Tensor) -> Tensor:
    """Local binary patterns of 3 x 3 pixels (Ojala, Pietikäinen and Harwood 1996), code / 255.

    A neighbour gives a 1 where it is at least as bright as the centre, both as 8-bit pixels;
    beyond the edge the outermost pixels go on.

    Args:
        gray: `[B, 1, H, W]`, 0 to 1.

    Returns:
        `[B, 1, H, W]`, 0 to 1.
    """
    levels = (gray * 255).round()
    codes = torch.zeros_like(levels)
    for bit, neighbour in enumerate(_shifted(levels, _CIRCLE)):
        codes = codes + (neighbour >= levels).to(levels.dtype) * 2**bit
    return codes / 255


def moment_maps(gray: Tensor) -> Tensor:
    """Skewness and excess kurtosis of the 5 x 5 pixels around each, through a logistic function.

    A symmetric window has skewness 0, a normal distribution excess kurtosis 0; both become 0.5,
    and so does a flat window.

    Args:
        gray: `[B, 1, H, W]`, 0 to 1.

    Returns:
        `[B, 2, H, W]`, 0 to 1.
    """
    reach = range(-(WINDOW // 2), WINDOW // 2 + 1)
    places = [(down, across) for down in reach for across in reach]
    windows = _shifted(gray, places)
    mean = sum(windows, torch.zeros_like(gray)) / len(places)
    second, third, fourth = (torch.zeros_like(gray) for _ in range(3))
    for pixels in windows:
        away = pixels - mean
        square = away * away
        second = second + square
        third = third + square * away
        fourth = fourth + square * square
    variance = second / len(places)
    flat = variance < FLAT
    scale = torch.where(flat, torch.ones_like(variance), variance)
    skewness = third / len(places) / scale**1.5
    kurtosis = fourth / len(places) / scale**2 - 3
    both = torch.cat([skewness, kurtosis], dim=1)
    return torch.where(flat, torch.zeros_like(both), both).sigmoid()


def _shifted(images: Tensor, places: Sequence[tuple[int, int]]) -> list[Tensor]:
    """Views of the pictures, each as seen from a place so far down and across."""
    margin = max(abs(step) for place in places for step in place)
    height, width = images.shape[-2:]
    wide = functional.pad(images, (margin, margin, margin, margin), mode="replicate")
    return [
        wide[..., margin + down : margin + down + height, margin + across : margin + across + width]
        for down, across in places
    ]
