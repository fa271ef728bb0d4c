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
from fer.data.loading import Batches, loader
from fer.data.preprocessing import evaluation_views, to_images
from fer.data.protocols import Split
from fer.data.readers import Reader
from fer.data.readers.fer2013 import Fer2013Reader, find_fer2013
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
        self.predicted: NDArray[np.int64]

    def reader(self) -> Reader:
        """What reads this data set from disk."""
        raise TypeError(f"{type(self).__name__} does not say how it is read")

    def open(self, progress: bool = True) -> Faces:
        """Opens the faces, from the cache where it is there."""
        cache = Path(self.paths["cache"])
        self.faces = open_faces(self.reader(), cache, self.data["on_bad_file"], progress)
        return self.faces

    @property
    def side(self) -> int:
        """Of the square pictures that a model gets, in pixels."""
        return int(self.augment["crop"]["size"] or self.data["size"])

    def statistics(self) -> tuple[list[float], list[float]]:
        """Mean and deviation of the training pixels per channel, on the scale 0 to 1."""
        chosen = self.split.train[:: max(1, len(self.split.train) // 10_000)]
        pixels = torch.from_numpy(np.asarray(self.faces.images[chosen]))
        images = to_images(pixels, self.data["size"], self.data["channels"]).double()
        return images.mean(dim=(0, 2, 3)).tolist(), images.std(dim=(0, 2, 3)).tolist()

    def train_dataloader(self) -> DataLoader[dict[str, Tensor]]:
        """Training batches, shuffled or balanced."""
        labels = self.faces.labels if self.data["sampler"] == "balanced" else None
        batches = Batches(self.split.train, self.data["batch_size"], self.seed, labels)
        return loader(self.faces, batches)

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

    def on_after_batch_transfer(
        self, batch: dict[str, Tensor], dataloader_idx: int
    ) -> dict[str, Any]:
        """On the device: uint8 to floats; augmented in training, seen in views in testing."""
        trainer = self.trainer
        images = to_images(batch["image"], self.data["size"], self.data["channels"])
        if trainer is not None and trainer.training:
            images, labels = self.augmentation(images), batch["label"]
            crops = len(images) // len(labels)
            return {"image": images, "label": labels.repeat_interleave(crops), "faces": len(labels)}
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
            data["train"], data["validation"], data["test"], data["drawing_seed"]
        )


class Fer2013DataModule(FaceDataModule):
    """FER2013 in whichever form is on disk."""

    def reader(self) -> Fer2013Reader:
        """Reads `data.path`, or what lies in `paths.data`."""
        where = find_fer2013(self.data["path"], Path(self.paths["data"]), self.data["download"])
        return Fer2013Reader(where)


DATA_MODULES: dict[str, type[FaceDataModule]] = {
    "synthetic": SyntheticDataModule,
    "fer2013": Fer2013DataModule,
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
