"""Whole batches out of memory-mapped pixels, in an order that (seed, epoch) decides."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from fer.data.faces import Faces
from fer.data.shuffling import shuffled_in_windows


class FaceDataset(Dataset[dict[str, Tensor]]):
    """Gives the batch of some indices: `image` uint8, `label` and `index` int64 `[B]`.

    Where faces have targets, `target` float32 `[B, K]` too.

    Args:
        faces: Whose.
        pixels: Theirs, uint8 `[N, ...]`, where they lie on a device; None: the faces' own array.
    """

    def __init__(self, faces: Faces, pixels: Tensor | None = None) -> None:
        self.faces, self.pixels = faces, pixels

    def __getitem__(self, indices: NDArray[np.int64]) -> dict[str, Tensor]:
        """Copies the pixels of these faces only."""
        batch = {
            "image": self._images(indices),
            "label": torch.from_numpy(self.faces.labels[indices]),
            "index": torch.from_numpy(indices),
        }
        if self.faces.targets is not None:
            batch["target"] = torch.from_numpy(self.faces.targets[indices])
        return batch

    def _images(self, indices: NDArray[np.int64]) -> Tensor:
        """uint8 `[B, ...]`."""
        if self.pixels is None:
            return torch.from_numpy(np.asarray(self.faces.images[indices]))
        return self.pixels[torch.from_numpy(indices).to(self.pixels.device)]


class Batches(Sampler[NDArray[np.int64]]):
    """Indices of each batch.

    Args:
        indices: Of the faces of the part.
        batch_size: Faces per batch; the last batch may be smaller. A single face left over joins
            the batch before it in training, since batch norm cannot learn from one value.
        seed: None keeps the order; else it is drawn from (seed, epoch).
        labels: Of all faces; given, classes are drawn equally often, with replacement.
        window: Faces among which the order is drawn; None: all.
    """

    def __init__(
        self,
        indices: NDArray[np.int64],
        batch_size: int,
        seed: int | None = None,
        labels: NDArray[np.int64] | None = None,
        window: int | None = None,
    ) -> None:
        self.window = window
        self.indices, self.batch_size, self.seed, self.epoch = indices, batch_size, seed, 0
        self.skip = 0
        self.odds: NDArray[np.float64] | None = None
        if labels is not None:
            own = labels[indices]
            odds = 1.0 / np.bincount(own)[own]
            self.odds = odds / odds.sum()

    def set_epoch(self, epoch: int) -> None:
        """Lightning tells the epoch through this."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Batches of an epoch."""
        whole, rest = divmod(len(self.indices), self.batch_size)
        alone = self.seed is not None and rest == 1 and whole > 0
        return whole + (rest > 0 and not alone)

    def __iter__(self) -> Iterator[NDArray[np.int64]]:
        """Yields int64 `[B]`, without the first `skip` batches, once."""
        order = self.indices
        if self.seed is not None:
            rng = np.random.default_rng([self.seed, self.epoch])
            if self.window is not None:
                order = shuffled_in_windows(self.indices, self.window, rng)
            else:
                order = rng.choice(
                    self.indices, len(self.indices), replace=self.odds is not None, p=self.odds
                )
        first, self.skip = self.skip, 0
        for number in range(first, len(self)):
            start = number * self.batch_size
            last = number == len(self) - 1
            yield order[start:] if last else order[start : start + self.batch_size]


class OwnBatches(Sampler[NDArray[np.int64]]):
    """Every so many-th of some batches: those that one of several processes looks at.

    Every process has equally many, so that none waits for another in vain. Where they do not come
    out even, several look at the last batch, which its faces' indices tell.

    Args:
        batches: In order.
        rank: Which process, from 0.
        world: How many processes.
    """

    def __init__(self, batches: Batches, rank: int, world: int) -> None:
        self.batches, self.rank, self.world = batches, rank, world

    def __len__(self) -> int:
        """Batches of this process."""
        return -(-len(self.batches) // self.world)

    def __iter__(self) -> Iterator[NDArray[np.int64]]:
        """Yields int64 `[B]`."""
        every = list(self.batches)
        for turn in range(len(self)):
            yield every[min(turn * self.world + self.rank, len(every) - 1)]


def loader(
    faces: Faces, batches: Batches | OwnBatches, pixels: Tensor | None = None
) -> DataLoader[dict[str, Tensor]]:
    """A DataLoader whose sampler already makes the batches.

    Its own generator keeps it from drawing from torch's, at a moment that a resumed run would not
    share.
    """
    dataset, generator = FaceDataset(faces, pixels), torch.Generator()
    return DataLoader(dataset, sampler=batches, batch_size=None, generator=generator)
