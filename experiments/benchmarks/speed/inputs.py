"""Augmented images per second and core, and the time to the first batch."""

from __future__ import annotations

import multiprocessing
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from multiprocessing.queues import SimpleQueue

import numpy as np
import torch
from numpy.typing import NDArray
from omegaconf import DictConfig
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from fer.data.modules import FaceDataModule
from fer.data.preprocessing import to_images
from speed.clock import Seconds, median, timed
from speed.measuring import Bench, Row, opened

CASES = {
    "crop 44 + flip": (
        ("augment.flip.p=0.5", "augment.crop.size=44"),
        (transforms.RandomCrop(44), transforms.RandomHorizontalFlip()),
    ),
    "flip + affine + jitter": (
        (
            "augment.flip.p=0.5",
            "augment.affine.degrees=15",
            "augment.affine.shift=0.1",
            "augment.affine.scale=[0.85,1.15]",
            "augment.brightness=0.2",
            "augment.contrast=0.2",
        ),
        (
            transforms.RandomHorizontalFlip(),
            transforms.RandomAffine(15, translate=(0.1, 0.1), scale=(0.85, 1.15)),
            transforms.ColorJitter(brightness=0.2, contrast=0.2),
        ),
    ),
}
"""This project's settings, and what FER2013 trainers write with torchvision."""

PILLOW, OWN = "PIL image by image, torchvision, DataLoader", "this project's path"


class Pictures(Dataset[tuple[Tensor, int]]):
    """One PIL image at a time, as FER2013 trainers do; pixels already in memory."""

    def __init__(
        self, pixels: NDArray[np.uint8], labels: NDArray[np.int64], *changes: Callable[..., object]
    ) -> None:
        self.pixels, self.labels = pixels, labels
        self.change = transforms.Compose([*changes, transforms.ToTensor()])

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.change(Image.fromarray(self.pixels[index])), int(self.labels[index])


def own_path(data: FaceDataModule) -> None:
    """An epoch of batches, read, scaled and augmented."""
    for batch in data.train_dataloader():
        pixels = to_images(batch["image"], data.data["size"], data.data["channels"])
        data.augmentation(pixels)


def measure(bench: Bench) -> list[Row]:
    """Both ways in turn, each in one thread of this process."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    rows: list[Row] = []
    for name, (settings, changes) in CASES.items():
        data = opened(bench.config("augment=none", *settings))
        part = data.split.train
        pictures = Pictures(np.array(data.faces.images[part]), data.faces.labels[part], *changes)
        loader = DataLoader(pictures, batch_size=data.data["batch_size"], shuffle=True)
        times: dict[str, list[Seconds]] = {PILLOW: [], OWN: []}
        for _ in range(bench.rounds + 1):
            times[PILLOW].append(timed(partial(deque, loader, maxlen=0)))
            times[OWN].append(timed(partial(own_path, data)))
        reference = median(times[PILLOW][1:])
        for way, taken in times.items():
            found = median(taken[1:])
            rows.append(
                Row(
                    "input",
                    f"{name}: {way}",
                    len(part) / found.wall,
                    "images/s",
                    reference.wall / found.wall,
                    reference.busy / found.busy,
                    "reference" if way == PILLOW else "higher is faster",
                )
            )
    torch.set_num_threads(threads)
    return rows


def _first_batch(config: DictConfig, answer: SimpleQueue[float]) -> None:
    """In a process of its own, whose imports are done."""
    started = time.perf_counter()
    data = opened(config)
    batch = next(iter(data.train_dataloader()))
    data.augmentation(to_images(batch["image"], data.data["size"], data.data["channels"]))
    answer.put(time.perf_counter() - started)


def measure_start(bench: Bench) -> list[Row]:
    """Seconds from the configuration to the first augmented batch, out of the cache."""
    config = bench.config()
    opened(config)  # makes the cache
    fresh, taken = multiprocessing.get_context("spawn"), []
    for _ in range(bench.rounds):
        answer: SimpleQueue[float] = fresh.SimpleQueue()
        process = fresh.Process(target=_first_batch, args=(config, answer))
        process.start()
        process.join()
        if process.exitcode:
            raise SystemExit(process.exitcode)
        taken.append(answer.get())
    found = float(np.median(taken))
    return [Row("start", "first batch, imports done", found, "s", note="under 1 is wanted")]
