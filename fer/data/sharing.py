"""What each of several processes takes of a batch, and the random numbers that all draw alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

LEAST = 2
"""Images of a batch that a process takes at least: batch norm cannot learn from one value."""


def own_rows(count: int, rank: int, world: int) -> slice:
    """A process's share of a batch; a batch too small to be shared out is taken whole by each.

    Args:
        count: Images in the batch.
        rank: Which process, from 0.
        world: How many processes.

    Examples:
        >>> [own_rows(7, rank, world=2) for rank in (0, 1)]
        [slice(0, 3, None), slice(3, 7, None)]
        >>> own_rows(3, rank=1, world=2)
        slice(0, 3, None)
    """
    if count < LEAST * world:
        return slice(0, count)
    return slice(count * rank // world, count * (rank + 1) // world)


class SharedDraws:
    """Keeps augmentation the same in all processes, whatever else each draws for its own share.

    Torch has one generator on the CPU, for augmentation and dropout. With several processes,
    augmentation draws from a state that is set aside; with one it draws as ever.
    """

    def __init__(self) -> None:
        self.state: Tensor | None = None

    def begin(self) -> None:
        """Sets the generator's state of now aside."""
        self.state = torch.get_rng_state()

    @contextmanager
    def drawn(self) -> Iterator[None]:
        """Draws from that state within, where there is one."""
        if self.state is None:
            yield
            return
        own = torch.get_rng_state()
        torch.set_rng_state(self.state)
        try:
            yield
        finally:
            self.state = torch.get_rng_state()
            torch.set_rng_state(own)
