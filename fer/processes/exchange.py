"""What the processes of one training tell each other; with one process there is nothing to tell."""

from __future__ import annotations

from typing import Any, TypeVar

import torch.distributed
from torch import Tensor

T = TypeVar("T")


def count() -> int:
    """Processes that train together now; 1 outside such a training."""
    together = torch.distributed.is_available() and torch.distributed.is_initialized()
    return torch.distributed.get_world_size() if together else 1


def gathered(value: T) -> list[T]:
    """What each process has, by rank, tensors on the CPU. All call it at the same place."""
    if count() == 1:
        return [value]
    found: list[Any] = [None] * count()
    torch.distributed.all_gather_object(found, value)
    return found


def add_up(tensor: Tensor) -> None:
    """Makes a tensor, in place, the sum over all processes. All call it at the same place."""
    if count() > 1:
        torch.distributed.all_reduce(tensor)
