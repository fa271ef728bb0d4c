"""Several arrays of images as one, without copying the pixels of any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from fer.data.faces import Faces

Images = NDArray[np.uint8]


class JoinedImages:
    """Looks like one array of images; only those that are asked for are copied.

    Args:
        parts: At least one, uint8 `[n, H, W]` or `[n, H, W, 3]`, alike but in n.
    """

    def __init__(self, parts: Sequence[Images]) -> None:
        self.parts = parts
        self.starts = np.cumsum([0, *(len(part) for part in parts)])
        self.shape: tuple[int, ...] = (int(self.starts[-1]), *parts[0].shape[1:])
        self.dtype = parts[0].dtype

    def __len__(self) -> int:
        """The number of images of all parts, N."""
        return self.shape[0]

    def __iter__(self) -> Iterator[Images]:
        """Every image, in order."""
        for part in self.parts:
            yield from part

    def __getitem__(self, chosen: int | slice | NDArray[np.int64]) -> Images:
        """uint8 `[H, W]` and so on of one image from 0 to N - 1; `[B, ...]` of several."""
        if isinstance(chosen, (int, np.integer)):
            place = int(np.searchsorted(self.starts, chosen, side="right")) - 1
            return cast(Images, self.parts[place][int(chosen) - self.starts[place]])
        if isinstance(chosen, slice):
            chosen = np.arange(*chosen.indices(len(self)))
        places = np.searchsorted(self.starts, chosen, side="right") - 1
        images = np.empty((len(places), *self.shape[1:]), dtype=np.uint8)
        order = np.argsort(places, kind="stable")
        numbers, first = np.unique(places[order], return_index=True)
        for number, mine in zip(numbers.tolist(), np.split(order, first[1:]), strict=False):
            images[mine] = self.parts[number][chosen[mine] - self.starts[number]]
        return images


def join_images(parts: Sequence[Images]) -> Images:
    """One array that is there already, or several as one."""
    return parts[0] if len(parts) == 1 else cast(Images, JoinedImages(parts))


def join(faces: Faces, more: Faces) -> Faces:
    """The faces, followed by more of the same shape and classes.

    Where the first have targets, the second's are their labels. Parts, people and votes, which the
    second do not have, are dropped: what comes out is for training alone.
    """
    targets = None
    if faces.targets is not None:
        certain = np.eye(len(faces.classes), dtype=np.float32)[more.labels]
        targets = np.concatenate([faces.targets, certain])
    return Faces(
        images=join_images([faces.images, more.images]),
        labels=np.concatenate([faces.labels, more.labels]),
        classes=faces.classes,
        names=np.concatenate([faces.names, more.names]),
        fingerprint=f"{faces.fingerprint} {more.fingerprint}",
        targets=targets,
    )
