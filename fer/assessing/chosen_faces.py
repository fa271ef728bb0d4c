"""Which faces a run is tested on: its own parts or another data set's, and what is told of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from omegaconf import DictConfig

from fer.assessing.known_faces import find_known_faces
from fer.data.copies import TestCopies, find_test_copies
from fer.data.modules import FaceDataModule
from fer.data.splits import Split, digest_names
from fer.errors import ConfigError, RunError
from fer.evaluation.agreement import by_agreement
from fer.evaluation.predictions import Predictions
from fer.models.classifiers import FaceClassifier
from fer.runs.folder import RunFolder

OWN_PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Chosen:
    """Faces to be tested.

    Attributes:
        indices: int64 `[N]`, among the data set's.
        part: What they are called in tables, such as `private`.
        protocol: Name and settings; of another data set's faces, `cross-data`.
        notes: What a reader of the result must know.
        cautions: Those notes for which its figures are marked.
        copies: Which of them training has met before, if that is known.
        validation: int64, the run's validation faces; None on another data set.
        own: Whether they are a part of the run's own split.
    """

    indices: NDArray[np.int64]
    part: str
    protocol: Mapping[str, Any]
    notes: tuple[str, ...]
    cautions: tuple[str, ...]
    copies: TestCopies | None
    validation: NDArray[np.int64] | None
    own: bool


def choose(
    config: DictConfig, run: RunFolder, data: FaceDataModule, model: FaceClassifier
) -> Chosen:
    """The faces that an evaluation asks for.

    Args:
        config: A resolved configuration of `conf/evaluate.yaml`.
        run: The run.
        data: Opened; the run's own or another data set.
        model: Whose classes those of another data set are matched with.

    Raises:
        ConfigError: There is no such part, or no class in common.
        RunError: The run's data is not what it was.
    """
    if config.get("data") is None:
        return own_part(data, _own_split(run, data, config.part), config.part)
    indices, part = _other_part(run, data, config.part)
    indices, unmatched = _match_classes(model, data, indices)
    copies, told = find_known_faces(run, data, indices, config.data_path)
    notes = [*data.faces.notes, *unmatched, *told]
    if part == "all" and data.faces.part is not None:
        notes.append(f"parts {', '.join(np.unique(data.faces.part))} together")
    return Chosen(
        indices, part, {"name": "cross-data"}, tuple(notes), (), copies, validation=None, own=False
    )


def own_part(data: FaceDataModule, split: Split, part: str) -> Chosen:
    """The training, validation or test part of a run's own split."""
    indices = split.part(part)
    return Chosen(
        indices,
        split.test_part if part == "test" else part,
        split.protocol,
        (*data.faces.notes, *split.notes),
        split.cautions,
        None if part == "train" else find_test_copies(data.faces, split, indices),
        split.validation,
        own=True,
    )


def tell(
    settings: Mapping[str, Any],
    data: FaceDataModule,
    chosen: Chosen,
    predictions: Predictions,
    epoch: int,
) -> dict[str, Any]:
    """The story of a test, which joins its `metrics.json`.

    Args:
        settings: A whole configuration.
        data: Opened.
        chosen: The tested faces.
        predictions: Of these faces, in this order.
        epoch: Of the tested weights, from 1.

    Returns:
        Data, part, n, protocol, digest of the tested faces, views, epoch, notes and cautions; and
        accuracy by the annotators' agreement, where the data set has votes.
    """
    story = {
        "data": settings["data"]["name"],
        "part": chosen.part,
        "n": len(predictions),
        "protocol": dict(chosen.protocol),
        "test_hash": digest_names(data.faces.names[chosen.indices]),
        "test_time": settings["test_time"],
        "epoch": epoch,
        "notes": list(chosen.notes),
        "cautions": list(chosen.cautions),
    }
    shares = data.faces.agreement(chosen.indices)
    return story if shares is None else story | {"agreement": by_agreement(predictions, shares)}


def _own_split(run: RunFolder, data: FaceDataModule, part: str) -> Split:
    """The run's own split, checked against the data that is there now."""
    if part not in OWN_PARTS:
        raise ConfigError(f"part={part}: choose {', '.join(OWN_PARTS)}, or name a data set")
    if data.faces.fingerprint != run.status["data_fingerprint"]:
        raise RunError(
            f"the data has changed since {run.path} was trained (other pixels, labels or parts): "
            "put the old data back, or name it as another data set with data=..."
        )
    return Split.load(run.split)


def _other_part(run: RunFolder, data: FaceDataModule, part: str) -> tuple[NDArray[np.int64], str]:
    """Faces of another data set: all, or one of its own parts."""
    if data.faces.fingerprint == run.status["data_fingerprint"]:
        raise ConfigError(
            "this is the data that the run was trained on: leave data= out, and choose "
            f"part={', '.join(OWN_PARTS)} of the run's own protocol; data_path=... says where it is"
        )
    own = set() if data.faces.part is None else set(data.faces.part.tolist())
    if part == "all" or not own or (part == "test" and "test" not in own):
        return np.arange(len(data.faces)), "all"
    indices = np.flatnonzero(data.faces.part == part)
    if len(indices) == 0:
        raise ConfigError(f"part={part}: this data set has all, {', '.join(sorted(own))}")
    return indices, part


def _match_classes(
    model: FaceClassifier, data: FaceDataModule, indices: NDArray[np.int64]
) -> tuple[NDArray[np.int64], list[str]]:
    """Leaves out faces whose class the model does not know; tells what could not be matched."""
    names = np.array(data.faces.classes)
    kept = indices[np.isin(names[data.faces.labels[indices]], model.classes)]
    if len(kept) == 0:
        raise ConfigError("the model and this data set have no class in common")
    notes = []
    if len(kept) < len(indices):
        unknown = sorted(set(data.faces.classes) - set(model.classes))
        notes.append(
            f"{len(indices) - len(kept)} faces left out, unknown to the model: {', '.join(unknown)}"
        )
    absent = [name for name in model.classes if name not in data.faces.classes]
    if absent:
        notes.append(f"the model also knows {', '.join(absent)}, which this data set does not have")
    return kept, notes
