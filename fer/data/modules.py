"""One LightningDataModule per data set, over what they share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning import LightningDataModule
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader

from fer.data.augmentation import Augmentation
from fer.data.cache import open_faces
from fer.data.faces import Faces
from fer.data.joined import join
from fer.data.loading import Batches, loader
from fer.data.preparation import preparer
from fer.data.preprocessing import evaluation_views, to_images
from fer.data.protocols import Split
from fer.data.readers import Reader
from fer.data.readers.affectnet import AffectNetReader
from fer.data.readers.ckplus import CkPlusReader
from fer.data.readers.fer2013 import Fer2013Reader, find_fer2013
from fer.data.readers.ferplus import FerPlusReader
from fer.data.readers.ferplus_votes import find_votes
from fer.data.readers.folder import FolderReader
from fer.data.readers.jaffe import JaffeReader
from fer.data.readers.picture_reader import PictureReader, Preparer
from fer.data.readers.rafdb import RafDbReader
from fer.data.readers.sfew import SfewReader
from fer.data.readers.table import TABLES, TableReader
from fer.data.synthetic import SyntheticReader
from fer.errors import ConfigError

EVALUATION_BATCH = 256


class FaceDataModule(LightningDataModule):
    """Faces, their parts, and their way to the network. A data set overrides `reader`.

    Args:
        data: `conf/data`'s settings.
        augment: `conf/augment`'s settings.
        test_time: `test_time`'s settings.
        paths: `paths`' settings.
        seed: Decides the order of training images.
    """

    def __init__(
        self,
        data: Mapping[str, Any],
        augment: Mapping[str, Any],
        test_time: Mapping[str, Any],
        paths: Mapping[str, Any],
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.data, self.augment, self.test_time, self.paths = data, augment, test_time, paths
        self.seed = seed
        self.augmentation = Augmentation(augment, data["size"])
        self.faces: Faces
        self.split: Split
        self.more: tuple[Faces, NDArray[np.int64]] | None = None
        self.predicted: NDArray[np.int64]

    def reader(self) -> Reader:
        """What reads this data set from disk."""
        raise TypeError(f"{type(self).__name__} does not say how it is read")

    def open(self, progress: bool = True) -> Faces:
        """Opens the faces, from the cache where it is there."""
        cache = Path(self.paths["cache"])
        self.faces = open_faces(self.reader(), cache, self.data["on_bad_file"], progress)
        return self.faces

    def training(self) -> tuple[Faces, NDArray[np.int64]]:
        """What is learnt from: faces, and the indices of the training part and of `more`.

        `more`, where set, is other faces of the same shape and classes, and which of them join.
        """
        if self.more is None:
            return self.faces, self.split.train
        more, chosen = self.more
        part = np.concatenate([self.split.train, len(self.faces) + chosen])
        return join(self.faces, more), part

    def added(self) -> dict[str, int]:
        """How many of `more` join, per class; empty where there are none."""
        if self.more is None:
            return {}
        more, chosen = self.more
        found = np.bincount(more.labels[chosen], minlength=len(more.classes))
        return dict(zip(more.classes, found.tolist(), strict=True))

    def statistics(self) -> tuple[list[float], list[float]]:
        """Mean and deviation of the training pixels per channel, on the scale 0 to 1."""
        faces, part = self.training()
        chosen = part[:: max(1, len(part) // 10_000)]
        pixels = torch.from_numpy(np.asarray(faces.images[chosen]))
        images = to_images(pixels, self.data["size"], self.data["channels"]).double()
        return images.mean(dim=(0, 2, 3)).tolist(), images.std(dim=(0, 2, 3)).tolist()

    def train_dataloader(self) -> DataLoader[dict[str, Tensor]]:
        """Training batches, shuffled, oversampled or balanced."""
        faces, part = self.epoch()
        labels = faces.labels if self.data["sampler"] == "balanced" else None
        return loader(faces, Batches(part, self.data["batch_size"], self.seed, labels))

    def epoch(self) -> tuple[Faces, NDArray[np.int64]]:
        """As `training`, with the faces of oversampled classes repeated."""
        faces, part = self.training()
        factors = self.data["oversample"] or {}
        times = np.array([factors.get(name, 1) for name in faces.classes])
        return faces, np.repeat(part, times[faces.labels[part]])

    def val_dataloader(self) -> DataLoader[dict[str, Tensor]]:
        """Validation batches, in order."""
        return loader(self.faces, Batches(self.split.validation, EVALUATION_BATCH))

    def predict_dataloader(self) -> DataLoader[dict[str, Tensor]]:
        """Batches of the faces in `predicted`, in order."""
        return loader(self.faces, Batches(self.predicted, EVALUATION_BATCH))

    def sample_augmented(self, faces: int, draws: int) -> tuple[NDArray[np.uint8], list[int]]:
        """Training faces as the network gets them.

        Args:
            faces: How many.
            draws: How often each is augmented.

        Returns:
            uint8 `[faces * draws, h, w, channels]` (no last axis where gray), and their labels.
        """
        chosen = self.split.train[np.linspace(0, len(self.split.train) - 1, faces).astype(int)]
        repeated = np.repeat(chosen, draws)
        pixels = torch.from_numpy(np.asarray(self.faces.images[repeated]))
        images = self.augmentation(to_images(pixels, self.data["size"], self.data["channels"]))
        images = images[:: len(images) // len(repeated)]
        shown = (images.clamp(0, 1) * 255).byte().permute(0, 2, 3, 1).squeeze(-1).numpy()
        return shown, self.faces.labels[repeated].tolist()

    def aims(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """What a training batch aims at: `label` `[B]` and, where faces have it, `target`."""
        return {key: batch[key] for key in ("label", "target") if key in batch}

    def on_after_batch_transfer(
        self, batch: dict[str, Tensor], dataloader_idx: int
    ) -> dict[str, Any]:
        """On the device: uint8 to floats; augmented in training, seen in views in testing."""
        trainer = self.trainer
        images = to_images(batch["image"], self.data["size"], self.data["channels"])
        if trainer is not None and trainer.training:
            images, aims = self.augmentation(images), self.aims(batch)
            faces = len(batch["label"])
            crops = len(images) // faces
            aims = {key: aim.repeat_interleave(crops, dim=0) for key, aim in aims.items()}
            return {"image": images, **aims, "faces": faces}
        testing = trainer is not None and trainer.predicting
        images = evaluation_views(
            images,
            self.augment["crop"]["size"],
            self.test_time["crops"] if testing else 1,
            self.test_time["flip"] and testing,
        )
        return {"image": images, "label": batch["label"]}


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
        return {"label": torch.multinomial(batch["target"], 1).squeeze(1)}


DATA_MODULES: dict[str, type[FaceDataModule]] = {
    "synthetic": SyntheticDataModule,
    "fer2013": Fer2013DataModule,
    "ferplus": FerPlusDataModule,
    "ckplus": CkPlusDataModule,
    "jaffe": JaffeDataModule,
    "sfew": SfewDataModule,
    "rafdb": RafDbDataModule,
    "affectnet": AffectNetDataModule,
    "folder": FolderDataModule,
}
"""By `data.name`."""


def build_data(settings: Mapping[str, Any]) -> FaceDataModule:
    """The data module that a configuration names.

    Raises:
        ConfigError: There is no such data set.
    """
    name = settings["data"]["name"]
    if name not in DATA_MODULES:
        raise ConfigError(f"data.name={name}: choose {', '.join(DATA_MODULES)}")
    groups = {key: settings[key] for key in ("data", "augment", "test_time", "paths", "seed")}
    return DATA_MODULES[name](**groups)
