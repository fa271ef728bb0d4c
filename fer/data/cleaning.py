"""Training images that are copies: of each other with several labels, or of tested images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer.data.copies import Mask, group_rows, image_digests
from fer.data.faces import Faces
from fer.data.splits import Split
from fer.errors import DataError


def clean_training(faces: Faces, split: Split, settings: Mapping[str, Any]) -> tuple[Faces, Split]:
    """Does with copies among the training images what `conf/data` says.

    Labels of validation and test images are not looked at.

    Args:
        faces: All faces.
        split: Whose training part may lose images; its notes tell how many.
        settings: `duplicates_of_test` is `keep` or `drop`; `conflicts` is `keep`, `drop` or `soft`.

    Returns:
        Faces, with targets where conflicts are soft, and the split.

    Raises:
        DataError: A class is left without training images.
    """
    train, notes = split.train, []
    if settings["duplicates_of_test"] == "drop":
        others = np.concatenate([split.validation, split.test])
        groups = group_rows(image_digests(faces.images, np.concatenate([train, others])))
        copies: Mask = np.isin(groups[: len(train)], groups[len(train) :])
        if copies.any():
            train = train[~copies]
            notes.append(f"{copies.sum():,} training images left out: copies of ones to be tested")
    if settings["conflicts"] != "keep":
        groups = group_rows(image_digests(faces.images, train))
        unsure = find_conflicts(groups, faces.labels[train])
        story = f"{unsure.sum():,} training images are copies of each other with several labels: "
        if unsure.any() and settings["conflicts"] == "drop":
            train = train[~unsure]
            notes.append(story + "left out")
        elif unsure.any():
            faces = replace(faces, targets=_shared(faces, train[unsure], groups[unsure]))
            notes.append(story + "each aims at all of their labels, by share")
    gone = set(faces.labels[split.train]) - set(faces.labels[train])
    if gone:
        names = ", ".join(faces.classes[label] for label in sorted(gone))
        raise DataError(
            f"no training images of {names} are left without copies: set data.conflicts and "
            "data.duplicates_of_test to keep"
        )
    return faces, replace(split, train=train, notes=(*split.notes, *notes))


def find_conflicts(groups: NDArray[np.int64], labels: NDArray[np.int64]) -> Mask:
    """Which images have a copy with another label.

    Args:
        groups: int64 `[N]` from 0, equal where images are.
        labels: int64 `[N]`.

    Examples:
        >>> find_conflicts(np.array([0, 0, 1, 1]), np.array([3, 3, 2, 5])).tolist()
        [False, False, True, True]
    """
    told = np.zeros((groups.max(initial=-1) + 1, labels.max(initial=-1) + 1), dtype=bool)
    told[groups, labels] = True
    several: Mask = told.sum(axis=1) > 1
    return several[groups]


def _shared(
    faces: Faces, chosen: NDArray[np.int64], groups: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Targets of all faces, those of the chosen ones the mean over their group."""
    targets = faces.targets
    if targets is None:
        targets = np.eye(len(faces.classes), dtype=np.float32)[faces.labels]
    targets = targets.copy()
    _, group = np.unique(groups, return_inverse=True)
    sums = np.zeros((group.max(initial=-1) + 1, len(faces.classes)), dtype=np.float32)
    np.add.at(sums, group, targets[chosen])
    targets[chosen] = (sums / np.bincount(group)[:, None])[group]
    return targets
