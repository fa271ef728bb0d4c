"""Faces of another data set that a run was trained on: their exact copies, found by pixels."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from fer.assessing.source_leaks import reopen
from fer.data.copies import TestCopies, compare_rows, row_digests
from fer.data.faces import Faces
from fer.data.modules import FaceDataModule
from fer.data.preprocessing import to_images
from fer.data.splits import Split
from fer.runs.folder import RunFolder

_BLOCK = 2048


def find_known_faces(
    run: RunFolder, data: FaceDataModule, indices: NDArray[np.int64], moved_to: str | None
) -> tuple[TestCopies | None, list[str]]:
    """Looks for tested faces of another data set among those that a run was trained on.

    Where the two data sets store pictures of one shape, these are compared; otherwise what the
    network gets of them, rounded to bytes.

    Args:
        run: Its split says who was in training.
        data: The other data set, opened.
        indices: int64 `[N]`, the tested faces.
        moved_to: Where the run's own data lies now, if it has moved.

    Returns:
        Which tested faces have a copy in training, None where the run's data could not be looked
        at; and a note that says so.
    """
    own, why = reopen(run, data.paths, moved_to)
    if own is None:
        return None, [
            f"copies of training faces could not be looked for: the run's own data {why}; "
            "data_path=... says where it is"
        ]
    train = Split.load(run.split).train
    shape = None
    if own.images.shape[1:] != data.faces.images.shape[1:]:
        shape = (data.data["size"], data.data["channels"])
    rows = np.concatenate([_digests(data.faces, indices, shape), _digests(own, train, shape)])
    names = list(dict.fromkeys([*own.classes, *data.faces.classes]))
    number = np.array([names.index(name) for name in data.faces.classes])
    labels = np.concatenate([number[data.faces.labels[indices]], own.labels[train]])
    return compare_rows(rows, labels, len(indices)), []


def _digests(
    faces: Faces, indices: NDArray[np.int64], shape: tuple[int, int] | None
) -> NDArray[np.uint8]:
    """uint8 `[N, 16]`, of the pictures as stored, or at a size and number of channels."""
    blocks = np.split(indices, range(_BLOCK, len(indices), _BLOCK))
    return np.concatenate([row_digests(_pixels(faces, block, shape)) for block in blocks])


def _pixels(
    faces: Faces, indices: NDArray[np.int64], shape: tuple[int, int] | None
) -> NDArray[np.uint8]:
    """uint8 `[N, ...]`."""
    pixels = np.asarray(faces.images[indices])
    if shape is None:
        return pixels
    images = to_images(torch.from_numpy(pixels), *shape)
    scaled: NDArray[np.uint8] = (images * 255).round().byte().numpy()
    return scaled
