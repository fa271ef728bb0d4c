"""Whether the parts of a split may stand side by side: nobody and no image is on both sides."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from fer.data.faces import Faces
from fer.data.splits import Indices
from fer.errors import DataError


def is_random(protocol: str) -> bool:
    """Whether a protocol knowingly lets people through: its name says so.

    Examples:
        >>> is_random("random_kfold"), is_random("kfold")
        (True, False)
    """
    return protocol.startswith("random")


def overlap_notes(faces: Faces, sides: Iterable[tuple[Indices, Indices]]) -> tuple[str, ...]:
    """What of the test images training has met in another form, such as the same person.

    Args:
        faces: The data set.
        sides: (training and validation, test) indices of a split, or of every fold.

    Returns:
        A line for people and one for sequences, where they are known and on both sides.
    """
    sides, notes = list(sides), []
    for column, told in (
        (faces.subject, "a person who is also in training: not a figure for new people"),
        (faces.sequence, "a frame of a sequence that is also in training"),
    ):
        if column is None:
            continue
        met = [np.isin(column[test], column[seen]) & (column[test] != "") for seen, test in sides]
        share = np.concatenate(met).mean()
        if share > 0:
            notes.append(f"{share:.1%} of the test images show {told}")
    return tuple(notes)


def check_parts(
    faces: Faces, name: str, train: Indices, validation: Indices, test: Indices
) -> tuple[str, ...]:
    """Refuses empty or overlapping parts; tells what a reader must know.

    Args:
        faces: The data set.
        name: The protocol's.
        train: Indices of the training part.
        validation: Of the part that picks the epoch.
        test: Of the part that is met once.

    Returns:
        Lines on people and sequences that are in several parts.

    Raises:
        DataError: A part or class is empty, or images or people are on both sides.
    """
    for part, indices in (("training", train), ("validation", validation), ("test", test)):
        if len(indices) == 0:
            raise DataError(
                f"the {part} part of protocol {name} has no images: choose another protocol"
            )
    missing = [faces.classes[k] for k in range(len(faces.classes)) if k not in faces.labels[train]]
    if missing:
        raise DataError(
            f"no training images of {', '.join(missing)}: every class needs some; were files left "
            "out, or are folders or labels named otherwise?"
        )
    if len(np.unique(np.concatenate([train, validation, test]))) < sum(
        map(len, (train, validation, test))
    ):
        raise DataError(f"protocol {name} put an image into two parts")
    notes = overlap_notes(faces, [(np.concatenate([train, validation]), test)])
    if notes and faces.subject is not None and not is_random(name):
        told = notes[0].partition(":")[0]
        raise DataError(f"protocol {name}: {told}; use subject_kfold, or a protocol named random_*")
    return notes or _shared_validation(faces, train, validation)


def _shared_validation(faces: Faces, train: Indices, validation: Indices) -> tuple[str, ...]:
    """That the part that picks the epoch shows people who are learnt from, where they are known."""
    if faces.subject is None:
        return ()
    people = faces.subject[validation]
    share = (np.isin(people, faces.subject[train]) & (people != "")).mean()
    told = "of the validation images, which pick the epoch, show a person who is also in training"
    return (f"{share:.1%} {told}",) if share > 0 else ()
