"""LightningModules: a network, its loss, its optimiser and its metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from lightning import LightningModule
from torch import Tensor, nn
from torch.optim import Optimizer

from fer.epochs import value_at
from fer.models.distillation import Teacher
from fer.models.epoch_metrics import EpochMetrics
from fer.models.extra_channels import DEVIATION, MEAN, add_channels, extra_count
from fer.models.freezing import apply_freezing, keep_frozen_norms, set_depth
from fer.models.losses import ClassificationLoss, build_loss, mean_share
from fer.models.schedules import Schedule, build_optimizer
from fer.processes.exchange import count

Batch = dict[str, Any]
"""`image` float `[B, C, H, W]`, or `[B, V, C, H, W]` with V views, 0 to 1; `label` `[B]`.

`target` `[B, K]`, where there is one, is what training aims at instead of the label. With
`model.trunk_cache`, `trunk` `[B, ...]`, what the head gets of an image, stands for `image`. With
several processes, training batches are a process's share: `whole` is what the whole batch aims at,
`counted` whether the share joins the training figures. `index` `[B]` tells validation faces apart.
"""


class FaceClassifier(LightningModule):
    """Learns and tells expressions. A kind of architecture overrides `build_network`.

    All arguments are plain values, so that checkpoints open without running code.

    Args:
        model: `conf/model`'s settings.
        optimizer: `conf/optimizer`'s settings.
        scheduler: `conf/scheduler`'s settings.
        loss: `conf/loss`' settings; class weights as numbers.
        classes: Names of the classes.
        channels: 1 or 3, without the extra ones that the model adds.
        mean: Of the pixels, per channel, on the scale 0 to 1.
        deviation: Of the pixels, per channel.
        monitor: The validation metric that a plateau schedule follows.
        maximise: Whether a higher one is better.
        channels_last: Memory layout of pictures and weights.
        size: Side of the pictures that the network gets, in pixels.
        mixed: Whether training pictures are mixed; the training accuracy is then of the labels with
            the larger share, and called `train/dominant_accuracy`.
    """

    def __init__(
        self,
        model: dict[str, Any],
        optimizer: dict[str, Any],
        scheduler: dict[str, Any],
        loss: dict[str, Any],
        classes: list[str],
        channels: int,
        mean: list[float],
        deviation: list[float],
        monitor: str = "validation/accuracy",
        maximise: bool = True,
        channels_last: bool = False,
        size: int = 48,
        mixed: bool = False,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.classes = tuple(classes)
        self.extra_channels = model.get("extra_channels", [])
        self.depths: Mapping[int, int] | None = model.get("unfreeze")
        extra = extra_count(self.extra_channels)
        self.network = self.build_network(model, len(classes), channels + extra)
        apply_freezing(self.network, model)
        self.memory_format = torch.channels_last if channels_last else torch.contiguous_format
        mean, deviation = mean + [MEAN] * extra, deviation + [DEVIATION] * extra
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1))
        self.register_buffer("deviation", torch.tensor(deviation).view(1, -1, 1, 1))
        self.mean: Tensor
        self.deviation: Tensor
        self.loss = build_loss(loss)
        self.validation_loss = ClassificationLoss()
        self.teacher: Teacher | None = None
        self.schedule: Schedule | None = None
        self.schedule_memory: dict[str, Any] = {}
        accuracy = "dominant_accuracy" if mixed else "accuracy"
        self.train_metrics = EpochMetrics("train", len(classes), macro=False, accuracy=accuracy)
        self.validation_metrics = EpochMetrics("validation", len(classes), macro=True)

    def build_network(self, model: Mapping[str, Any], classes: int, channels: int) -> nn.Module:
        """The plain torch network: `[B, C, H, W]`, normalised, to logits `[B, K]`."""
        raise TypeError(f"{type(self).__name__} does not say what its network is")

    def forward(self, images: Tensor) -> Tensor:
        """Logits `[B, K]` of images `[B, C, H, W]`, 0 to 1."""
        if self.extra_channels:
            images = add_channels(images, self.extra_channels)
        normalised = (images - self.mean) / self.deviation
        logits: Tensor = self.network(normalised.contiguous(memory_format=self.memory_format))
        return logits

    @property
    def head(self) -> nn.Module:
        """The module that is left to learn where the whole backbone is frozen."""
        return self.network.get_submodule(self.head_names()[0].removesuffix("."))

    def head_logits(self, outputs: Tensor) -> Tensor:
        """Logits `[B, K]` of a frozen trunk's `[B, ...]`; see `fer.training.trunk_cache`."""
        logits: Tensor = self.head(outputs)
        return logits

    def answer(self, batch: Batch) -> Tensor:
        """Logits `[B, K]` of a batch: of its pictures, or of what a frozen trunk gave for them."""
        return self.head_logits(batch["trunk"]) if "trunk" in batch else self(batch["image"])

    def probabilities(self, images: Tensor) -> Tensor:
        """Probabilities `[B, K]` of `[B, C, H, W]`, or the mean over views of `[B, V, C, H, W]`."""
        if images.ndim == 4:
            alone: Tensor = self(images).float().softmax(dim=1)
            return alone
        each: Tensor = self(images.flatten(0, 1)).float().softmax(dim=1)
        return each.view(*images.shape[:2], -1).mean(dim=1)

    def configure_model(self) -> None:
        """Sets the memory layout; Lightning calls this before the optimiser is made."""
        self.network.to(memory_format=self.memory_format)

    def configure_optimizers(self) -> Optimizer:
        """The optimiser; `Schedule` sets its rates."""
        settings = self.hparams
        optimizer = build_optimizer(self.network, self.head_names(), settings["optimizer"])
        epochs = int(self.trainer.max_epochs or 1)
        steps = max(1, int(self.trainer.estimated_stepping_batches) // epochs)
        self.schedule = Schedule(
            optimizer, settings["scheduler"], epochs, steps, settings["maximise"]
        )
        self.schedule.load_state_dict(self.schedule_memory)
        return optimizer

    def head_names(self) -> tuple[str, ...]:
        """Prefixes of the names of the parameters that count as the head."""
        return ()

    def train(self, mode: bool = True) -> FaceClassifier:
        """Switches to training mode; norms of frozen stages stay in eval mode."""
        super().train(mode)
        keep_frozen_norms(self.network)
        return self

    def on_train_epoch_start(self) -> None:
        """Sets what learns and the epoch's learning rates; norms of frozen stages stay asleep."""
        if self.depths:
            set_depth(self.network, value_at(self.depths, self.current_epoch))
        keep_frozen_norms(self.network)
        assert self.schedule is not None
        self.schedule.before_epoch(self.current_epoch)

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Sets the step's learning rates."""
        assert self.schedule is not None
        self.schedule.before_step(self.global_step)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The loss of a batch."""
        labels = batch["label"]
        targets: Any = batch.get("target", labels)
        logits = self.answer(batch)
        loss: Tensor = self.loss(logits.float(), targets)
        share: Tensor | float = 1.0  # of the images; of the targets it differs by their weights
        if "whole" in batch:
            whole = batch["whole"]
            aims = whole.get("target", whole["label"])
            loss = loss * mean_share(self.loss.divisor, targets, aims, count())
            share = mean_share(len, labels, whole["label"], count())
        if self.teacher is not None:
            loss = self.teacher.guide(loss, logits.float(), batch["image"], share)
        if batch.get("counted", True):
            self.train_metrics.update(loss / share, logits, labels)
        return loss

    def on_train_epoch_end(self) -> None:
        """Logs the epoch's training metrics, and tells the plateau schedule how it went."""
        self.train_metrics.add_up()
        self.log_dict(self.train_metrics.finish())
        assert self.schedule is not None
        self.schedule.after_epoch(float(self.trainer.callback_metrics[self.hparams["monitor"]]))

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Collects metrics; the loss is plain cross-entropy, comparable between runs."""
        logits = self.answer(batch)
        loss = self.validation_loss(logits.float(), batch["label"])
        if count() > 1:
            self.validation_metrics.keep(batch["index"], loss, logits, batch["label"])
        else:
            self.validation_metrics.update(loss, logits, batch["label"])

    def on_validation_epoch_end(self) -> None:
        """Logs the epoch's validation metrics."""
        self.validation_metrics.replay()
        self.log_dict(self.validation_metrics.finish())

    def predict_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Probabilities `[B, K]`, averaged over views."""
        return self.probabilities(batch["image"])

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Adds what the schedule remembers."""
        if self.schedule is not None:
            checkpoint["schedule"] = self.schedule.state_dict()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keeps the schedule's memory for `configure_optimizers`, which comes later."""
        self.schedule_memory = checkpoint.get("schedule", {})
