"""The data sets: one LightningDataModule each, on what `FaceDataModule` shares."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fer.data.cleaning import clean_training
from fer.data.modules import FaceDataModule
from fer.data.preparation import preparer
from fer.data.protocols import make_split
from fer.data.readers.affectnet import AffectNetReader
from fer.data.readers.ckplus import CkPlusReader
from fer.data.readers.fer2013 import Fer2013Reader, find_fer2013
from fer.data.readers.ferplus import FerPlusReader
from fer.data.readers.ferplus_votes import find_votes
from fer.data.readers.folder import FolderReader
from fer.data.readers.jaffe import JaffeReader
from fer.data.readers.picture_reader import PictureReader
from fer.data.readers.preparing import Preparer
from fer.data.readers.rafdb import RafDbReader
from fer.data.readers.sfew import SfewReader
from fer.data.readers.table import TABLES, TableReader
from fer.data.synthetic import SyntheticReader
from fer.extending.registry import Registry


class SyntheticDataModule(FaceDataModule):
    """Faces that fer draws itself."""

    def reader(self) -> SyntheticReader:
        """Draws from the settings' counts and seed."""
        data = self.data
        return SyntheticReader(
            data["train"],
            data["validation"],
            data["test"],
            data["drawing_seed"],
            frames=data["frames"],
        )


class Fer2013DataModule(FaceDataModule):
    """FER2013 in whichever form is on disk."""

    def reader(self) -> Fer2013Reader:
        """Reads `data.path`, or what lies in `paths.data`."""
        where = find_fer2013(self.data["path"], Path(self.paths["data"]), self.data["download"])
        return Fer2013Reader(where)


class PictureDataModule(FaceDataModule):
    """A data set of picture files; a subclass names its reader and that reader's settings."""

    def common(self, reader: type[PictureReader]) -> tuple[Path, Preparer, str | None]:
        """What every such reader takes: where, how pictures become faces, what to leave out."""
        where = reader.find(self.data["path"], Path(self.paths["data"]))
        return where, preparer(self.data), self.data["exclude"]


class CkPlusDataModule(PictureDataModule):
    """CK+, the original tree or the 48 x 48 folder."""

    def reader(self) -> CkPlusReader:
        """Takes the frames that the settings ask for."""
        return CkPlusReader(
            *self.common(CkPlusReader),
            last_frames=self.data["last_frames"],
            neutral=self.data["neutral"] == "first",
            contempt=self.data["contempt"] == "keep",
        )


class JaffeDataModule(PictureDataModule):
    """JAFFE's folder."""

    def reader(self) -> JaffeReader:
        """Takes every picture."""
        return JaffeReader(*self.common(JaffeReader))


class SfewDataModule(PictureDataModule):
    """SFEW, either edition."""

    def reader(self) -> SfewReader:
        """Takes every picture that has a label."""
        return SfewReader(*self.common(SfewReader))


class RafDbDataModule(PictureDataModule):
    """RAF-DB's single-label part."""

    def reader(self) -> RafDbReader:
        """Takes the aligned or the whole pictures."""
        aligned = self.data["pictures"] == "aligned"
        return RafDbReader(*self.common(RafDbReader), aligned=aligned)


class AffectNetDataModule(PictureDataModule):
    """AffectNet with seven or eight classes."""

    def reader(self) -> AffectNetReader:
        """Takes every picture that has an expression."""
        keep = self.data["contempt"] == "keep"
        return AffectNetReader(*self.common(AffectNetReader), contempt=keep)


class FolderDataModule(PictureDataModule):
    """Any tree of class folders, or a table of pictures."""

    def reader(self) -> FolderReader | TableReader:
        """A .csv, .tsv or .txt is a table, anything else a tree."""
        where, faces_from, exclude = self.common(FolderReader)
        kind = TableReader if where.suffix.lower() in TABLES else FolderReader
        keep, own = self.data["contempt"] == "keep", self.data["classes"] == "folders"
        return kind(where, faces_from, exclude, contempt=keep, own_classes=own)


class FerPlusDataModule(FaceDataModule):
    """FER2013's faces, learnt from the votes of FER+."""

    def reader(self) -> FerPlusReader:
        """Reads FER2013 and the votes, joined by the rows of FER2013's table."""
        data, home = self.data, Path(self.paths["data"])
        faces = Fer2013Reader(find_fer2013(data["path"], home, data["download"]))
        return FerPlusReader(
            faces,
            find_votes(data["votes_path"], faces.path, home),
            data["labels"],
            data["contempt"] == "keep",
            Path(data["csv_path"]).expanduser() if data["csv_path"] else None,
        )

    def aims(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """With `data.labels=probability` a label drawn anew from the votes' distribution."""
        if self.data["labels"] != "probability":
            return super().aims(batch)
        votes = batch["target"]  # drawn on the CPU, where several processes draw alike
        return {"label": torch.multinomial(votes.cpu(), 1).squeeze(1).to(votes.device)}


DATA_MODULES: Registry[type[FaceDataModule]] = Registry(
    "data.name",
    {
        "synthetic": SyntheticDataModule,
        "fer2013": Fer2013DataModule,
        "ferplus": FerPlusDataModule,
        "ckplus": CkPlusDataModule,
        "jaffe": JaffeDataModule,
        "sfew": SfewDataModule,
        "rafdb": RafDbDataModule,
        "affectnet": AffectNetDataModule,
        "folder": FolderDataModule,
    },
)
"""By `data.name`."""


def build_data(settings: Mapping[str, Any]) -> FaceDataModule:
    """The data module that a configuration names.

    Raises:
        ConfigError: There is no such data set.
    """
    kind = DATA_MODULES[settings["data"]["name"]]
    groups = {key: settings[key] for key in ("data", "augment", "test_time", "paths", "seed")}
    return kind(**groups)


def divide(settings: Mapping[str, Any], data: FaceDataModule) -> None:
    """Divides an opened data set into its parts, and cleans the training part."""
    limit = settings["data"]["images_per_class"]
    split = make_split(data.faces, settings["protocol"], limit, settings["seed"])
    data.faces, data.split = clean_training(data.faces, split, settings["data"])
