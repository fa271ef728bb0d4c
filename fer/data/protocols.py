"""From a protocol's settings to a split: who is in training, validation and test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import (
    GroupShuffleSplit,
    LeaveOneGroupOut,
    StratifiedGroupKFold,
    StratifiedKFold,
    StratifiedShuffleSplit,
)

from fer.data.faces import Faces
from fer.data.readers import PARTS
from fer.data.splits import Indices, Split
from fer.errors import ConfigError, DataError


def make_split(
    faces: Faces, protocol: Mapping[str, Any], images_per_class: int | None = None, seed: int = 0
) -> Split:
    """Divides the faces by a protocol of `conf/protocol`, and checks the result.

    Args:
        faces: The data set.
        protocol: The protocol's settings.
        images_per_class: At most so many training images of each class; None keeps all.
        seed: Draws these images.

    Raises:
        ConfigError: The protocol does not fit the data set.
        DataError: A part or class would be empty, or people are on both sides.
    """
    name = protocol["name"]
    if name == "official":
        train, validation, test, label = _official(faces, protocol)
    elif "ratios" in protocol:
        train, validation, test = _holdout(faces, protocol)
        label = f"{name} {len(test) / len(faces):.0%}"
    else:
        train, validation, test = _fold(faces, protocol)
        label = f"fold {protocol['fold']}"
    if images_per_class is not None:
        train = _limit(faces, train, images_per_class, seed)
    notes = _check(faces, name, train, validation, test)
    described = {key: protocol[key] for key in protocol} | {"images_per_class": images_per_class}
    train, validation, test = (np.sort(p).astype(np.int64) for p in (train, validation, test))
    return Split(train, validation, test, described, label, faces.names[test], notes, notes)


def count_folds(faces: Faces, protocol: Mapping[str, Any]) -> int:
    """How many folds a protocol has: as many as it says, or one for each person.

    Raises:
        ConfigError: A fold for each person is wanted, and people are not known.
    """
    if protocol["name"] != "leave_one_subject_out":
        return int(protocol["folds"])
    return len(_people(faces, protocol["name"]))


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


def _people(faces: Faces, name: str) -> NDArray[np.str_]:
    """The people of a data set, sorted."""
    if faces.subject is None:
        raise ConfigError(
            f"protocol={name}: this data set does not say who is on a picture; use kfold"
        )
    return np.unique(faces.subject)


def _official(faces: Faces, protocol: Mapping[str, Any]) -> tuple[Indices, Indices, Indices, str]:
    if faces.part is None:
        raise ConfigError(
            "protocol=official: this data set has no parts of its own; use holdout or kfold"
        )
    there = [part for part in PARTS if part in faces.part]
    wanted = ("public", "private") if protocol["test"] == "both" else (protocol["test"],)
    if wanted == ("private",) and "private" not in there:
        wanted = ("test",)  # the one that a publisher with a single test part gives out
    _require_parts(there, protocol, wanted)
    train = np.flatnonzero(faces.part == "training")
    test = np.flatnonzero(np.isin(faces.part, wanted))
    if isinstance(protocol["validation"], str):
        validation = np.flatnonzero(faces.part == protocol["validation"])
    else:
        train, validation = _cut(faces, train, protocol["validation"], protocol["seed"])
    return train, validation, test, "+".join(wanted)


def _require_parts(there: list[str], protocol: Mapping[str, Any], wanted: tuple[str, ...]) -> None:
    """Refuses parts that a data set does not have.

    Raises:
        ConfigError: Names the parts that it has.
    """
    has = f"this data set has the parts {', '.join(there)}"
    missing = [part for part in wanted if part not in there]
    if missing:
        raise ConfigError(
            f"protocol.test={protocol['test']}: {has}; choose one of them, or protocol=holdout"
        )
    validation = protocol["validation"]
    if isinstance(validation, str) and validation not in there:
        raise ConfigError(
            f"protocol.validation={validation}: {has}; take a share of the training images, such "
            "as protocol.validation=0.1"
        )


def _holdout(faces: Faces, protocol: Mapping[str, Any]) -> tuple[Indices, Indices, Indices]:
    ratios, seed = list(protocol["ratios"]), protocol["seed"]
    by_person = not is_random(protocol["name"])
    everyone = np.arange(len(faces))
    rest, test = _cut(faces, everyone, ratios[-1], seed, by_person)
    share = protocol["validation"] if len(ratios) == 2 else ratios[1] / (1 - ratios[2])
    train, validation = _cut(faces, rest, share, seed + 1, by_person)
    return train, validation, test


def _fold(faces: Faces, protocol: Mapping[str, Any]) -> tuple[Indices, Indices, Indices]:
    name, fold = protocol["name"], protocol["fold"]
    if name == "subject_kfold":
        _people(faces, name)
    by_person = faces.subject is not None and not is_random(name)
    everyone = np.zeros(len(faces))
    if name == "leave_one_subject_out":
        people = count_folds(faces, protocol)
        if people < 2:
            raise ConfigError(f"protocol={name}: all images show one person; use kfold")
        if fold >= people:
            raise ConfigError(
                f"protocol.fold={fold}: there are {people} people, use 0 to {people - 1}"
            )
        folds = LeaveOneGroupOut().split(everyone, faces.labels, faces.subject)
    else:
        kind = StratifiedGroupKFold if by_person else StratifiedKFold
        splitter = kind(protocol["folds"], shuffle=True, random_state=protocol["seed"])
        people = len(_people(faces, name)) if by_person else protocol["folds"]
        if people < protocol["folds"]:
            raise ConfigError(
                f"protocol.folds={protocol['folds']}: {_people_told(people)}, {protocol['folds']} "
                "folds: use fewer folds, or protocol=random_kfold"
            )
        try:
            folds = list(
                splitter.split(everyone, faces.labels, faces.subject if by_person else None)
            )
        except ValueError:
            raise ConfigError(
                f"protocol.folds={protocol['folds']}: no class has so many images, the largest has "
                f"{np.bincount(faces.labels).max()}: use fewer folds"
            ) from None
    rest, test = list(folds)[fold]
    train, validation = _cut(faces, rest, protocol["validation"], protocol["seed"], by_person)
    return train, validation, test


def _cut(
    faces: Faces, indices: Indices, share: float, seed: int, by_person: bool = True
) -> tuple[Indices, Indices]:
    """Cuts a share off: whole people where they are known and asked for, else stratified."""
    labels = faces.labels[indices]
    groups = None if faces.subject is None or not by_person else faces.subject[indices]
    kind = StratifiedShuffleSplit if groups is None else GroupShuffleSplit
    try:
        kept, cut = next(kind(1, test_size=share, random_state=seed).split(labels, labels, groups))
    except ValueError:
        what = (
            "every class needs an image on both sides; take another share, or more images"
            if groups is None
            else f"they show {_people_told(len(np.unique(groups)))}, and both sides need their own"
        )
        raise DataError(
            f"a share of {share:g} cannot be cut off {len(indices)} images: {what}"
        ) from None
    return indices[kept], indices[cut]


def _people_told(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"


def _limit(faces: Faces, train: Indices, per_class: int, seed: int) -> Indices:
    """Draws at most `per_class` training images of each class."""
    rng = np.random.default_rng(seed)
    chosen = [
        rng.permutation(train[faces.labels[train] == label])[:per_class]
        for label in range(len(faces.classes))
    ]
    return np.concatenate(chosen)


def _check(
    faces: Faces, name: str, train: Indices, validation: Indices, test: Indices
) -> tuple[str, ...]:
    """Refuses empty or overlapping parts; tells what a reader must know."""
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
