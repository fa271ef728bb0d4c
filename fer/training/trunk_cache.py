"""A frozen trunk's outputs, computed once: from then on an epoch trains the head alone."""

from __future__ import annotations

import hashlib
import math
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import lightning
import numpy as np
import torch
from lightning import LightningDataModule
from lightning.pytorch.utilities.seed import isolate_rng
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from fer.data.faces import Faces
from fer.data.loading import Batches
from fer.data.modules import EVALUATION_BATCH, FaceDataModule
from fer.data.preprocessing import evaluation_views, to_images
from fer.errors import ConfigError
from fer.models.classifiers import FaceClassifier
from fer.models.freezing import stages
from fer.runs.folder import RunFolder
from fer.training.trunk_files import check_room, open_array, write_array

FOLDER = "trunk"
"""Inside the run folder, while it trains."""


class TrunkCache(LightningDataModule):
    """Stands in for a run's data module while it trains, where the whole backbone is frozen.

    Of every training image it keeps n variants, each augmented once, by draws from (seed, variant);
    epoch e learns from variant e mod n, made when it is first needed. Batches, the order of the
    images in them and what they aim at are the data module's own, without a `shuffle_window`.
    Outputs lie in files `<run>/trunk/<digest of the frozen weights>/<name>.npy`, float32
    `[N, crops, ...]`; they are made again, bit by bit the same, where they are missing, damaged or
    of other weights.

    Args:
        settings: A whole configuration; `model.trunk_cache` is n, from 1.
        run: The run folder, which need not exist yet.
        model: The run's.
        data: The run's, opened and split.

    Raises:
        ConfigError: More than the head learns, the backbone does not end in it, or the disk has
            no room.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        run: RunFolder,
        model: FaceClassifier,
        data: FaceDataModule,
    ) -> None:
        super().__init__()
        self.model, self.data, self.seed = model, data, settings["seed"]
        self.draws = data.draws
        self.variants: int = settings["model"]["trunk_cache"]
        self.folder = run.path / FOLDER
        self.opened: dict[str, NDArray[np.float32]] = {}
        self.faces, self.part = data.epoch()
        crop, key = settings["augment"]["crop"], f"model.trunk_cache={self.variants}"
        self.crops: int = 1 if crop["size"] is None else crop["count"]
        _check_frozen(model, settings["model"]["frozen_stages"], key)
        self.shape = _shape(model, data, key)

        made = min(self.variants, settings["trainer"]["max_epochs"])
        numbers, validation = math.prod(self.shape), len(data.split.validation)
        size = 4 * numbers * (made * len(self.part) * self.crops + validation)
        check_room(self.folder, size, key)
        self.message = (
            f"frozen trunk: what it makes of {made} x {len(self.part):,} training and "
            f"{validation:,} validation images is kept while this trains, {numbers:,} numbers "
            f"each: {size / 1e6:,.1f} MB in {self.folder}"
        )

    def train_dataloader(self) -> DataLoader[dict[str, Tensor]]:
        """The data module's batches, without their pixels."""
        labels = self.faces.labels[self.part] if self.data.data["sampler"] == "balanced" else None
        rows, size = np.arange(len(self.part)), self.data.data["batch_size"]
        return _loader(self.faces, self.part, Batches(rows, size, self.data.seed, labels))

    def val_dataloader(self) -> DataLoader[dict[str, Tensor]]:
        """The data module's validation batches, without their pixels."""
        part = self.data.split.validation
        return _loader(self.data.faces, part, Batches(np.arange(len(part)), EVALUATION_BATCH))

    def teardown(self, stage: str) -> None:
        """Closes the files, so that they can be removed."""
        self.opened.clear()

    def on_before_batch_transfer(
        self, batch: dict[str, Tensor], dataloader_idx: int
    ) -> dict[str, Any]:
        """Joins to a batch what the trunk makes of its images: `trunk`, float32 `[B, ...]`."""
        trainer: Any = self.trainer
        rows = batch["row"].numpy()
        if not trainer.training:
            return {"trunk": _chosen(self.validation(), rows), "label": batch["label"]}
        outputs = self.training(trainer.current_epoch % self.variants)
        aims = self.data.aims(batch)
        aims = {key: aim.repeat_interleave(self.crops, dim=0) for key, aim in aims.items()}
        index = torch.from_numpy(self.part[rows])
        return {"trunk": _chosen(outputs, rows), **aims, "faces": len(rows), "index": index}

    def training(self, variant: int) -> NDArray[np.float32]:
        """Outputs `[N, crops, ...]` for the training images, augmented."""
        name, crops = f"training{variant}", self.crops
        return self.outputs(name, crops, self.faces, self.part, self.data.augmentation, variant)

    def validation(self) -> NDArray[np.float32]:
        """Outputs `[N, 1, ...]` for the validation images."""

        def view(images: Tensor) -> Tensor:
            return evaluation_views(images, self.data.augment["crop"]["size"], 1, flip=False)

        return self.outputs("validation", 1, self.data.faces, self.data.split.validation, view)

    def outputs(
        self,
        name: str,
        crops: int,
        faces: Faces,
        part: NDArray[np.int64],
        prepare: Callable[[Tensor], Tensor],
        draw: int = 0,
    ) -> NDArray[np.float32]:
        """Opens a file of outputs, which is made first where there is none of these weights.

        Args:
            name: Of the file.
            crops: Pictures of each face.
            faces: Where they are from.
            part: Which of them, int64 `[N]`.
            prepare: Makes `[B * crops, C, h, w]` of images `[B, C, H, W]`.
            draw: What `prepare` draws comes from (seed, draw).
        """
        if name not in self.opened:
            own = self.folder / _digest(self.model)
            path, shape = own / f"{name}.npy", (len(part), crops, *self.shape)
            found = open_array(path, shape)
            if found is None:
                self.opened.clear()  # Windows removes no file that is open
                for other in set(self.folder.glob("*")) - {own}:
                    shutil.rmtree(other)
                with self.apart(draw):
                    write_array(path, shape, self.compute(faces, part, prepare))
                found = open_array(path, shape)
                assert found is not None
            self.opened[name] = found
        return self.opened[name]

    @contextmanager
    def apart(self, draw: int) -> Iterator[None]:
        """The model at rest, draws from (seed, draw); afterwards all is as if this had not been."""
        trainer: Any = self.trainer
        training = self.model.training
        self.model.eval()
        try:
            with isolate_rng(), torch.no_grad(), trainer.precision_plugin.forward_context():
                lightning.seed_everything((self.seed * 1_000_003 + draw) % 2**32, verbose=False)
                yield
        finally:
            self.model.train(training)

    def compute(
        self, faces: Faces, part: NDArray[np.int64], prepare: Callable[[Tensor], Tensor]
    ) -> Iterator[NDArray[np.float32]]:
        """Yields outputs batch by batch."""
        size, channels = self.data.data["size"], self.data.data["channels"]
        for indices in Batches(part, EVALUATION_BATCH):
            pixels = torch.from_numpy(np.asarray(faces.images[indices])).to(self.model.device)
            images = prepare(to_images(pixels, size, channels))
            yield trunk_outputs(self.model, images).float().cpu().numpy()


def trunk_outputs(model: FaceClassifier, images: Tensor) -> Tensor:
    """What the head of a model in eval mode gets of images `[B, C, H, W]`, 0 to 1: `[B, ...]`."""
    seen: list[Tensor] = []
    hook = model.head.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    try:
        model(images)
    finally:
        hook.remove()
    return seen[0]


def remove_trunk_outputs(run: RunFolder) -> None:
    """Frees the disk once a run has trained."""
    shutil.rmtree(run.path / FOLDER, ignore_errors=True)


class _Aims(Dataset[dict[str, Tensor]]):
    """Gives, of some rows of a part, `row`, `label` and, where there are any, `target`."""

    def __init__(self, faces: Faces, part: NDArray[np.int64]) -> None:
        self.labels = faces.labels[part]
        self.targets = None if faces.targets is None else faces.targets[part]

    def __getitem__(self, rows: NDArray[np.int64]) -> dict[str, Tensor]:
        batch = {"row": torch.from_numpy(rows), "label": torch.from_numpy(self.labels[rows])}
        if self.targets is not None:
            batch["target"] = torch.from_numpy(self.targets[rows])
        return batch


def _loader(
    faces: Faces, part: NDArray[np.int64], batches: Batches
) -> DataLoader[dict[str, Tensor]]:
    """As `fer.data.loading.loader`, of rows of the part."""
    aims, generator = _Aims(faces, part), torch.Generator()
    return DataLoader(aims, sampler=batches, batch_size=None, generator=generator)


def _chosen(outputs: NDArray[np.float32], rows: NDArray[np.int64]) -> Tensor:
    """`[B * crops, ...]`, an image's crops adjacent."""
    return torch.from_numpy(np.asarray(outputs[rows])).flatten(0, 1)


def _check_frozen(model: FaceClassifier, depth: int, key: str) -> None:
    """Refuses to freeze less than the whole backbone."""
    whole = len(stages(model.network))
    if depth != whole:
        raise ConfigError(
            f"{key}: only a backbone that is frozen as a whole makes the same of an image in every "
            f"epoch; use model.frozen_stages={whole}, or model.trunk_cache=0"
        )


def _shape(model: FaceClassifier, data: FaceDataModule, key: str) -> tuple[int, ...]:
    """Shape of what the head gets of one image, tried on two gray ones."""
    images = torch.full((2, data.data["channels"], data.side, data.side), 0.5)
    training = model.training
    model.eval()
    with torch.no_grad():
        outputs = trunk_outputs(model, images)
        same = torch.allclose(model.head_logits(outputs), model(images), atol=1e-4)
    model.train(training)
    if not same or len(model.head_names()) != 1:
        raise ConfigError(f"{key}: this backbone does not end in one head; use model.trunk_cache=0")
    return tuple(outputs.shape[1:])


def _digest(model: FaceClassifier) -> str:
    """Of all tensors that a model's trunk consists of, pixel statistics among them."""
    digest = hashlib.sha256()
    others = ("loss.", *(f"network.{name}" for name in model.head_names()))
    for name, tensor in model.state_dict().items():
        if not name.startswith(others):
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().contiguous().view(-1).numpy().tobytes())
    return digest.hexdigest()[:16]
