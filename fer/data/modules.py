"""What the LightningDataModules of all data sets share; each one is in `fer.data.data_sets`."""

from __future__ import annotations

import logging
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
from fer.data.loading import Batches, OwnBatches, loader
from fer.data.mixing import Mixing, mixes
from fer.data.preprocessing import evaluation_views, to_images
from fer.data.readers import Reader
from fer.data.resident import ResidentPixels
from fer.data.sharing import SharedDraws, own_rows
from fer.data.shuffling import advice
from fer.data.splits import Split
from fer.epochs import value_at

log = logging.getLogger(__name__)

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
        self.progressive: Mapping[int, int] = data.get("progressive") or {0: data["size"]}
        self.augmentations = {
            side: Augmentation(_shrunk(augment, side / data["size"]), side)
            for side in (*self.progressive.values(), data["size"])
        }
        self.resident = ResidentPixels(data.get("on_device", False))
        self.draws = SharedDraws()
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
        processes = self.data.get("processes")
        self.faces = open_faces(self.reader(), cache, self.data["on_bad_file"], progress, processes)
        return self.faces

    @property
    def augmentation(self) -> Augmentation:
        """Of training pictures that have the size of validation's."""
        return self.augmentations[self.data["size"]]

    @property
    def side(self) -> int:
        """Of the square pictures that a model gets, in pixels."""
        return int(self.augment["crop"]["size"] or self.data["size"])

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
        sums, n = torch.zeros(2, self.data["channels"], dtype=torch.float64), 0
        for block in Batches(chosen, EVALUATION_BATCH):
            pixels = torch.from_numpy(np.asarray(faces.images[block]))
            images = to_images(pixels, self.data["size"], self.data["channels"]).double()
            sums += torch.stack([(images**k).sum(dim=(0, 2, 3)) for k in (1, 2)])
            n += images[:, 0].numel()
        mean = sums[0] / n
        deviation = ((sums[1] - n * mean**2) / (n - 1)).clamp(min=0).sqrt()
        return mean.tolist(), deviation.tolist()

    def train_dataloader(self) -> DataLoader[dict[str, Tensor]]:
        """Training batches, shuffled, oversampled or balanced."""
        faces, part = self.epoch()
        labels = faces.labels if self.data["sampler"] == "balanced" else None
        window = self.data.get("shuffle_window")
        if window is None and (told := advice(faces.images.shape)):
            log.warning(told)
        size = self.data["batch_size"]
        return self._loader(faces, Batches(part, size, self.seed, labels, window))

    def epoch(self) -> tuple[Faces, NDArray[np.int64]]:
        """As `training`, with the faces of oversampled classes repeated."""
        faces, part = self.training()
        factors = self.data["oversample"] or {}
        times = np.array([factors.get(name, 1) for name in faces.classes])
        return faces, np.repeat(part, times[faces.labels[part]])

    def val_dataloader(self) -> DataLoader[dict[str, Tensor]]:
        """Validation batches, in order; with several processes, those of this one."""
        batches = Batches(self.split.validation, EVALUATION_BATCH)
        trainer = self.trainer
        if trainer is None or trainer.world_size == 1:
            return self._loader(self.faces, batches)
        own = OwnBatches(batches, trainer.global_rank, trainer.world_size)
        return self._loader(self.faces, own)

    def predict_dataloader(self) -> DataLoader[dict[str, Tensor]]:
        """Batches of the faces in `predicted`, in order."""
        return self._loader(self.faces, Batches(self.predicted, EVALUATION_BATCH))

    def _loader(self, faces: Faces, batches: Batches | OwnBatches) -> DataLoader[dict[str, Tensor]]:
        """Batches whose pixels come from the device where they lie there."""
        trainer = self.trainer
        device = torch.device("cpu") if trainer is None else trainer.strategy.root_device
        return loader(faces, batches, self.resident.of(faces, device))

    def sample_augmented(self, faces: int, draws: int) -> tuple[NDArray[np.uint8], list[int]]:
        """Training faces as the network gets them, where they have the size of validation's.

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
        if trainer is not None and trainer.training:
            with self.draws.drawn():
                whole = self._for_training(batch, value_at(self.progressive, trainer.current_epoch))
            return _own_share(whole, trainer.global_rank, trainer.world_size)
        images = to_images(batch["image"], self.data["size"], self.data["channels"])
        testing = trainer is not None and trainer.predicting
        images = evaluation_views(
            images,
            self.augment["crop"]["size"],
            self.test_time["crops"] if testing else 1,
            self.test_time["flip"] and testing,
        )
        return {"image": images, "label": batch["label"], "index": batch["index"]}

    def _for_training(self, batch: dict[str, Tensor], side: int) -> dict[str, Any]:
        """Augmented pictures, made out of ones of `side` pixels, and what they aim at."""
        images = to_images(batch["image"], side, self.data["channels"])
        images, aims = self.augmentations[side](images), self.aims(batch)
        faces = len(batch["label"])
        crops = len(images) // faces
        aims = {key: aim.repeat_interleave(crops, dim=0) for key, aim in aims.items()}
        if mixes(self.augment):
            mixing = Mixing(self.augment, len(self.faces.classes))
            images, target = mixing(images, aims.get("target", aims["label"]))
            aims = {"label": target.argmax(dim=1), "target": target}
        return {"image": images, **aims, "faces": faces, "index": batch["index"]}


def _own_share(batch: dict[str, Any], rank: int, world: int) -> dict[str, Any]:
    """What a process learns from: its share of a batch that every process has augmented alike.

    With several processes, `whole` holds what the whole batch aims at, and `counted` says whether
    the share is counted in the training figures: a batch that all take whole is counted by one.
    """
    if world == 1:
        return batch
    whole = {key: batch[key] for key in ("label", "target") if key in batch}
    rows = own_rows(len(batch["image"]), rank, world)
    own = {key: batch[key][rows] for key in ("image", *whole)}
    counted = rank == 0 or len(own["image"]) < len(batch["image"])
    return {**batch, **own, "whole": whole, "counted": counted}


def _shrunk(augment: Mapping[str, Any], share: float) -> Mapping[str, Any]:
    """The same augmentation for pictures whose side is a share of what it was."""
    crop = augment["crop"]
    if crop["size"] is None:
        return augment
    return {**augment, "crop": {**crop, "size": round(crop["size"] * share)}}
