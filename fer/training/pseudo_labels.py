"""Pseudo-labels: pictures that a finished run is sure of join the training part.

Lee, Pseudo-Label: The Simple and Efficient Semi-Supervised Learning Method for Deep Neural
Networks, 2013, with the labels given once, by another run, above a confidence.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from lightning import Trainer
from numpy.typing import NDArray

from fer.assessing.run_model import load_model, predict
from fer.checks.stored import check_stored
from fer.data.cache import open_faces
from fer.data.copies import among
from fer.data.modules import FaceDataModule
from fer.data.readers.unlabelled import UnlabelledReader
from fer.errors import DataError, RunError
from fer.runs.folder import RunFolder
from fer.writing import aside

COLUMNS = ("name", "label", "confidence")
FILE = "pseudo_labels.csv"


class PseudoLabels:
    """Pictures without labels, and the run that labels them.

    Args:
        settings: The configuration, `pseudo.run` and `pseudo.path` given.
        data: The data set they join, opened; split before they `join` it.

    Raises:
        RunError: The run is not finished or has other classes.
        DataError: There are no pictures.
    """

    def __init__(self, settings: Mapping[str, Any], data: FaceDataModule) -> None:
        chosen = settings["pseudo"]
        self.settings, self.data = settings, data
        self.threshold = chosen["confidence"]
        self.run = RunFolder.open(Path(chosen["run"]))
        _check_run(self.run, data)
        shape = data.faces.images.shape[1:]
        reader = UnlabelledReader(Path(chosen["path"]), data.faces.classes, shape)
        quiet = settings["trainer"]["progress"] == "none"
        cache = Path(settings["paths"]["cache"])
        own = settings["data"]
        self.pictures = open_faces(
            reader, cache, own["on_bad_file"], not quiet, own.get("processes")
        )

    @property
    def identity(self) -> str:
        """Digest of all that decides the labels: checkpoint, pictures, their names, threshold."""
        digest = hashlib.sha256(self.run.best.read_bytes())
        digest.update(self.pictures.fingerprint.encode())
        digest.update("\0".join(self.pictures.names.tolist()).encode())
        digest.update(repr(self.threshold).encode())
        return digest.hexdigest()

    def join(self, run: RunFolder) -> str:
        """Adds the pictures to the training part, labelled once: a resumed run reads its own file.

        Args:
            run: The run that learns from them; receives `pseudo_labels.csv`.

        Returns:
            What to tell the user.

        Raises:
            DataError: No picture is above the confidence, or all are copies of other parts' faces.
        """
        file = run.path / FILE
        copies = self._copies()
        if not file.is_file():
            self._label(file, ~copies)
        chosen, labels = self._read(file)
        everyone = np.zeros(len(self.pictures), dtype=np.int64)
        everyone[chosen] = labels
        self.data.more = replace(self.pictures, labels=everyone), chosen
        added = self.data.added()
        counts = ", ".join(f"{name} {count:,}" for name, count in added.items())
        alone = sum(count > 0 for count in added.values()) == 1
        return (
            f"pseudo-labels: {len(chosen):,} of {len(everyone):,} pictures at {self.threshold:g} "
            f"or above join the training part: {counts}; left out as exact copies of validation "
            f"or test faces: {copies.sum():,}"
            + ("; all of one class, which makes the others rarer" if alone else "")
        )

    def _copies(self) -> NDArray[np.bool_]:
        """Whether each picture is an exact copy of a validation or test face, `[N]`."""
        faces, split = self.data.faces, self.data.split
        held = np.concatenate([split.validation, split.test])
        found = among(self.pictures.images, faces.images[held])
        if faces.file_hashes is not None and self.pictures.file_hashes is not None:
            found |= among(self.pictures.file_hashes, faces.file_hashes[held])
        return found

    def _label(self, file: Path, usable: NDArray[np.bool_]) -> None:
        """Lets the run predict, and writes down what it is sure of."""
        own = self.run.settings
        check_stored(self.run)
        data = FaceDataModule(own["data"], own["augment"], own["test_time"], own["paths"])
        data.faces = self.pictures
        trainer = Trainer(
            accelerator=self.settings["trainer"]["accelerator"],
            devices=1,
            precision=own["trainer"]["precision"],
            logger=False,
            enable_progress_bar=False,
            default_root_dir=file.parent,
        )
        said = predict(trainer, load_model(self.run), data, np.arange(len(self.pictures)))
        confidence = said.probabilities.max(axis=1)
        chosen = np.flatnonzero((confidence >= self.threshold) & usable)
        if len(chosen) == 0:
            best = f"the surest at {confidence[usable].max():.3f}" if usable.any() else "none left"
            raise DataError(
                f"pseudo.confidence={self.threshold:g}: {self.run.path} is so sure of none of the "
                f"{usable.sum():,} pictures that are no copies of validation or test faces "
                f"({best}): take a lower one, or other pictures"
            )
        with aside(file) as part, part.open("w", newline="", encoding="utf-8") as opened:
            table = csv.writer(opened)
            table.writerow(COLUMNS)
            for index in chosen.tolist():
                label = said.classes[said.predicted[index]]
                table.writerow([said.names[index], label, repr(float(confidence[index]))])

    def _read(self, file: Path) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Indices of the chosen pictures, and their labels.

        Raises:
            RunError: The file is damaged.
        """
        place = {name: index for index, name in enumerate(self.pictures.names.tolist())}
        try:
            with file.open(newline="", encoding="utf-8") as opened:
                rows = list(csv.DictReader(opened))
            chosen = [place[row["name"]] for row in rows]
            labels = [self.pictures.classes.index(row["label"]) for row in rows]
        except (KeyError, ValueError, csv.Error) as error:
            raise RunError(
                f"{file} is damaged ({error!r}): restore it, or train again with restart=true"
            ) from None
        return np.array(chosen, dtype=np.int64), np.array(labels, dtype=np.int64)


def pseudo_labels(settings: Mapping[str, Any], data: FaceDataModule) -> PseudoLabels | None:
    """Those that a configuration asks for; None where it asks for none.

    Args:
        settings: A whole configuration.
        data: The data set that they join, opened.

    Raises:
        RunError: See `PseudoLabels`.
        DataError: See `PseudoLabels`.
    """
    return PseudoLabels(settings, data) if settings["pseudo"]["run"] else None


def fingerprint(data: FaceDataModule, pseudo: PseudoLabels | None) -> str:
    """Of all pictures that a run learns from or is tested on: its data set's, and what joins it."""
    return data.faces.fingerprint + (pseudo.identity if pseudo else "")


def _check_run(run: RunFolder, data: FaceDataModule) -> None:
    """Refuses a run that cannot label for this data."""
    if run.status["state"] != "finished":
        raise RunError(f"pseudo.run={run.path} is {run.status['state']}: finish its training first")
    known = tuple(run.results()["classes"])
    if known != data.faces.classes:
        raise RunError(
            f"pseudo.run={run.path} tells {', '.join(known)}, but this data has "
            f"{', '.join(data.faces.classes)}: name a run with the same classes"
        )
