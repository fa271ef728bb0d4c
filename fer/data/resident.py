"""Pixels that stay on a GPU: batches are picked out there, only their numbers are sent."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from fer.data.faces import Faces

CHUNK = 10_000
"""Faces that are copied at a time."""

SHARE = 0.25
"""Of a GPU's free memory that pixels may fill unasked; the rest is the network's."""


class ResidentPixels:
    """Keeps the pixels of faces on a device, copied once.

    Args:
        wanted: True or False; `auto` is where the device is an NVIDIA GPU with room for them.
    """

    def __init__(self, wanted: bool | str) -> None:
        self.wanted = wanted
        self.kept: dict[str, Tensor] = {}

    def of(self, faces: Faces, device: torch.device) -> Tensor | None:
        """uint8 `[N, ...]` on the device, or None where they stay memory-mapped."""
        if faces.fingerprint in self.kept:
            return self.kept[faces.fingerprint]
        shape = faces.images.shape
        if not self._kept_on(device, math.prod(shape)):
            return None
        pixels = torch.empty(shape, dtype=torch.uint8, device=device)
        for start in range(0, len(faces), CHUNK):
            some = np.arange(start, min(start + CHUNK, len(faces)))
            pixels[start : start + len(some)] = torch.from_numpy(np.asarray(faces.images[some]))
        self.kept[faces.fingerprint] = pixels
        return pixels

    def _kept_on(self, device: torch.device, size: int) -> bool:
        """Whether so many bytes shall lie there."""
        if isinstance(self.wanted, bool):
            return self.wanted
        return device.type == "cuda" and size <= SHARE * torch.cuda.mem_get_info(device)[0]
