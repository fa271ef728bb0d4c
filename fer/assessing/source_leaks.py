"""Whether a run that another is built on has met that one's test images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fer.checks.stored import check_stored
from fer.data.copies import among
from fer.data.data_sets import build_data
from fer.data.faces import Faces
from fer.data.modules import FaceDataModule
from fer.data.overlaps import is_random
from fer.data.splits import Indices, Split
from fer.errors import ConfigError, FerError
from fer.runs.folder import RunFolder
from fer.runs.run_names import weights_path


class Note(NamedTuple):
    """What a reader of the result must know.

    Attributes:
        text: In words.
        caution: Whether figures are too good for it, so that they are marked.
    """

    text: str
    caution: bool = False


def check_leaks(settings: Mapping[str, Any], data: FaceDataModule) -> list[Note]:
    """Refuses members, teachers, labelling runs and initial weights fitted to this test part.

    What these runs were built on themselves is looked at too.

    Args:
        settings: A whole configuration.
        data: Opened and split as this run is.

    Returns:
        Notes for whoever reads the result: what validation images were trained on, and what
        could not be checked.

    Raises:
        ConfigError: Test images, or on a protocol by people other pictures of them, were among the
            training or validation images of such a run.
    """
    notes: list[Note] = []
    for key, folder in _built_on(settings):
        path = Path(folder).expanduser()
        run = RunFolder(path)
        if path.is_file():
            around = next((r for r in map(RunFolder, path.resolve().parents) if r.exists()), None)
            if around is None:
                notes.append(
                    Note(
                        f"{key}: {folder} lies in no run folder, so nobody can tell whether it was "
                        "trained on this test part"
                    )
                )
                continue
            run = around
        if not run.exists():
            notes.append(
                Note(
                    f"{key}: {folder} is not there any more, so nobody can tell whether it was "
                    "trained on this test part"
                )
            )
            continue
        own = run.status["data_fingerprint"] == data.faces.fingerprint
        notes += (_same_data if own else _other_data)(key, run, data)
        notes += check_leaks(run.settings, data)
    return notes


def _built_on(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Keys, and folders or files, of what a configuration is built on."""
    model = settings["model"]
    for member in model.get("members", []):
        yield "model.members", member
    teacher = settings.get("distillation", {}).get("teacher")
    if teacher is not None:
        yield "distillation.teacher", teacher
    labelling = settings.get("pseudo", {}).get("run")
    if labelling is not None:
        yield "pseudo.run", labelling
    weights = weights_path(settings)
    if weights is not None:
        yield "model.weights", weights


def _same_data(key: str, run: RunFolder, data: FaceDataModule) -> list[Note]:
    """Compares indices, and people unless the protocol is blind to them."""
    theirs, split, subject = Split.load(run.split), data.split, data.faces.subject
    seen = np.concatenate([theirs.train, theirs.validation])
    met = np.isin(split.test, seen)
    if subject is not None and _minds_people(split):
        met |= np.isin(subject[split.test], subject[seen])
    _refuse(key, run, int(met.sum()), len(split.test))
    trained = int(np.isin(split.validation, theirs.train).sum())
    if not trained:
        return []
    return [
        Note(
            f"{key}: {run.path.name} was trained on {trained} of the {len(split.validation)} "
            "validation images, so validation figures are too good",
            caution=True,
        )
    ]


def _other_data(key: str, run: RunFolder, data: FaceDataModule) -> list[Note]:
    """Compares names of faces and people, and files byte by byte, where both sides have them."""
    theirs = run.settings
    name = theirs["data"]["name"]
    unknown = f"{key}: {run.path.name} was trained on other data ({name})"
    other, why = reopen(run, data.paths)
    if other is None:
        return [Note(f"{unknown} that {why}: its faces could not be compared")]
    split = Split.load(run.split)
    seen, tested = np.concatenate([split.train, split.validation]), data.split.test
    own, published = data.faces, _same_publisher(theirs["data"], data.data)
    met, compared = _same_names(own, tested, other, seen, published), ["name"]
    if own.file_hashes is not None and other.file_hashes is not None:
        met |= among(own.file_hashes[tested], other.file_hashes[seen])
        compared.append("file")
    ours, others = own.subject, other.subject
    if ours is not None and others is not None and published and _minds_people(data.split):
        met |= np.isin(ours[tested], others[seen])
        compared.append("person")
    _refuse(key, run, int(met.sum()), len(tested))
    how = " and ".join(filter(None, [", ".join(compared[:-1]), compared[-1]]))
    return [Note(f"{unknown}: faces were compared by {how}, not by what they show")]


def _same_publisher(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> bool:
    """Whether a name, of a picture or a person, means the same in both: in any copy of a data set.

    In two folders of somebody's own it need not, nor in two worlds of drawn faces.
    """
    keys = ("name", "drawing_seed")
    return ours["name"] != "folder" and all(theirs.get(key) == ours.get(key) for key in keys)


def _same_names(
    own: Faces, tested: Indices, other: Faces, seen: Indices, published: bool
) -> NDArray[np.bool_]:
    """Which tested faces have the name of one that was seen, `[N]`.

    Unless the names are the publisher's, it must be the same picture too.
    """
    met = np.zeros(len(tested), dtype=bool)
    _, ours, others = np.intersect1d(own.names[tested], other.names[seen], return_indices=True)
    for i, j in zip(ours, others, strict=True):
        met[i] = published or np.array_equal(own.images[tested[i]], other.images[seen[j]])
    return met


def _minds_people(split: Split) -> bool:
    """Whether the protocol keeps people apart where they are known."""
    return not is_random(split.protocol["name"])


def reopen(
    run: RunFolder, paths: Mapping[str, Any], moved_to: str | None = None
) -> tuple[Faces | None, str]:
    """The faces that a run was made with, if they are still there.

    Args:
        run: The run.
        paths: `paths`' settings now.
        moved_to: Where the data lies, if not where it was.

    Returns:
        The faces and nothing, or None and what became of them.
    """
    theirs = run.settings
    check_stored(run)
    data = {**theirs["data"], "download": False} | ({"path": moved_to} if moved_to else {})
    try:
        faces = build_data({**theirs, "data": data, "paths": paths}).open(progress=False)
    except FerError:
        return None, "is not there any more"
    if faces.fingerprint != run.status["data_fingerprint"]:
        return None, "has changed since"
    return faces, ""


def _refuse(key: str, run: RunFolder, met: int, tested: int) -> None:
    if met:
        raise ConfigError(
            f"{key}: {run.path} was fitted to {met} of this protocol's {tested} test images, or to "
            "the people on them: its test would not be one. Take a run with the same protocol and "
            "fold"
        )
