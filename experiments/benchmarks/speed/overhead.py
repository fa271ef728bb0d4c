"""`fer.train`'s epoch against a bare torch loop."""

from __future__ import annotations

import numpy as np
import torch
from omegaconf import DictConfig
from torch import Tensor
from torch.nn import functional

from fer.config import plain
from fer.data.modules import EVALUATION_BATCH
from fer.data.preprocessing import to_images
from fer.models.schedules import build_optimizer
from fer.training.building import build_model
from speed.clock import Seconds, timed
from speed.measuring import Bench, Row, epoch_rows, opened, train_timed

MIXED = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}
"""By `trainer.precision`, what the bare loop computes in; everything else in single precision."""


class BareLoop:
    """The same network, optimiser, batches and augmentation, and nothing else.

    Pixels lie in memory, on the device. An epoch ends with the validation part's loss and accuracy,
    as `fer.train`'s does.
    """

    def __init__(self, config: DictConfig) -> None:
        settings = plain(config)
        self.data, chosen = opened(config), settings["data"]
        gpu = torch.cuda.is_available() and settings["trainer"]["accelerator"] != "cpu"
        self.device = torch.device("cuda" if gpu else "cpu")
        self.model = build_model(settings, self.data).to(self.device)
        self.model.configure_model()
        if settings["trainer"]["compile"]:
            self.model.network.compile()
        self.optimizer = build_optimizer(
            self.model.network, self.model.head_names(), settings["optimizer"]
        )
        self.batch, self.size, self.channels = (
            chosen[k] for k in ("batch_size", "size", "channels")
        )
        self.smoothing = settings["loss"]["smoothing"]
        precision = settings["trainer"]["precision"]
        self.mixed = MIXED.get(precision)
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=precision == "16-mixed")
        faces, split = self.data.faces, self.data.split
        self.train, self.validation = (
            (
                torch.from_numpy(np.array(faces.images[part])).to(self.device),
                torch.from_numpy(faces.labels[part]).to(self.device),
            )
            for part in (split.train, split.validation)
        )

    def logits(self, images: Tensor) -> Tensor:
        """In the precision of the configuration."""
        with torch.autocast(self.device.type, self.mixed, enabled=self.mixed is not None):
            return self.model(images).float()

    def epoch(self) -> None:
        """Trains once over all images, then validates."""
        pixels, labels = self.train
        self.model.train()
        for chosen in torch.randperm(len(labels), device=self.device).split(self.batch):
            if len(chosen) == 1:  # batch norm cannot learn from one
                continue
            images = to_images(pixels[chosen], self.size, self.channels)
            logits = self.logits(self.data.augmentation(images))
            loss = functional.cross_entropy(logits, labels[chosen], label_smoothing=self.smoothing)
            self.optimizer.zero_grad()
            self.scaler.scale(loss).backward()
            self.scaler.step(self.optimizer)
            self.scaler.update()
        pixels, labels = self.validation
        self.model.eval()
        total, right = 0.0, 0
        with torch.inference_mode():
            for some, truth in zip(
                pixels.split(EVALUATION_BATCH), labels.split(EVALUATION_BATCH), strict=True
            ):
                logits = self.logits(to_images(some, self.size, self.channels))
                total += float(functional.cross_entropy(logits, truth, reduction="sum"))
                right += int((logits.argmax(dim=1) == truth).sum())


def measure(bench: Bench) -> list[Row]:
    """Epochs in turn, the bare loop's and `fer.train`'s, in one process."""
    config = bench.config(f"trainer.max_epochs={bench.epochs * bench.rounds + 1}")
    bare, taken = BareLoop(config), list[Seconds]()

    def beside() -> None:
        taken.append(timed(bare.epoch))

    _, own = train_timed(config, beside)
    times = {"bare torch loop": taken[1:], "fer.train": own[1:]}
    return epoch_rows("overhead", "s an epoch", times, "bare torch loop", "at most 1.05 is wanted")
