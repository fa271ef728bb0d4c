"""Two sets of faces as one, without copying the pixels of either."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from fer.data.faces import Faces


class JoinedImages:
    """Looks like one array of images; only those that are asked for are copied.

    Args:
        first: uint8 `[N, H, W]` or `[N, H, W, 3]`.
        second: uint8 `[M, H, W]` or `[M, H, W, 3]`.
    """

    def __init__(self, first: NDArray[np.uint8], second: NDArray[np.uint8]) -> None:
        self.first, self.second = first, second
        self.shape: tuple[int, ...] = (len(first) + len(second), *first.shape[1:])

    def __len__(self) -> int:
        """The number of images, N + M."""
        return self.shape[0]

    def __getitem__(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        """uint8 `[B, ...]`, the images of indices `[B]` from 0 to N + M - 1."""
        images = np.empty((len(indices), *self.shape[1:]), dtype=np.uint8)
        early = indices < len(self.first)
        images[early] = self.first[indices[early]]
        images[~early] = self.second[indices[~early] - len(self.first)]
        return images


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
        images=cast(NDArray[np.uint8], JoinedImages(faces.images, more.images)),
        labels=np.concatenate([faces.labels, more.labels]),
        classes=faces.classes,
        names=np.concatenate([faces.names, more.names]),
        fingerprint=f"{faces.fingerprint} {more.fingerprint}",
        targets=targets,
    )
