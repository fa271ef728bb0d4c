"""What is written while a run trains: a row per epoch, then the checkpoints."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from lightning import LightningDataModule, LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint

from fer.processes.signals import EndRequest
from fer.runs.checkpoints import copy_checkpoint
from fer.runs.folder import RunFolder
from fer.runs.middle import middle_state, restore_middle
from fer.runs.tracking import Tracker


class Recorder(Checkpoint):
    """Writes `metrics.csv`, tells the tracker, keeps `best.ckpt` and `last.ckpt`.

    It is a `Checkpoint`, which Lightning calls after everything else at an epoch's end. A kill
    between the row and the checkpoint leaves a row too many, which going on takes away. In the
    middle of an epoch it writes `middle.ckpt` after so many steps, and when it is asked to end.

    With several processes each has one: the first writes, all end after the same step.

    Args:
        run: The run folder.
        tracker: Takes each row.
        monitor: The validation metric that picks the best epoch.
        maximise: Whether a higher one is better.
        seed: Every epoch's random draws come from (seed, epoch), so that an epoch that is run again
            after an interruption is the same epoch.
        every: Optimiser steps between checkpoints within an epoch; None: none.
        end: Whether the process was asked to end.
    """

    def __init__(
        self,
        run: RunFolder,
        tracker: Tracker,
        monitor: str,
        maximise: bool,
        seed: int,
        every: int | None,
        end: EndRequest,
    ) -> None:
        self.run, self.tracker, self.every, self.end = run, tracker, every, end
        self.monitor, self.maximise, self.seed = monitor, maximise, seed
        self.best: float | None = None
        self.best_epoch: int | None = None
        self.started = 0.0
        self.trained_at = 0.0
        self.images = 0
        self.rate = 0.0
        self.steps = 0
        self.middle: dict[str, Any] | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Drops rows of epochs that will be run again; goes on within an epoch where it ended."""
        done, self.steps = trainer.current_epoch, trainer.global_step
        self.end.take_over()  # from Lightning, which would drop the epoch
        if trainer.is_global_zero:
            self.run.keep_rows(done)
        if self.middle is not None:  # Lightning begins no epoch then
            pl_module.on_train_epoch_start()
            batches = trainer.train_dataloader.sampler  # type: ignore[union-attr]
            draws = trainer.datamodule.draws  # type: ignore[attr-defined]
            restore_middle(self.middle, batches, pl_module, draws, trainer.global_rank)
            self.started = self.trained_at = time.perf_counter() - self.middle["seconds"]
            self.images, self.middle, self.end.busy = self.middle["images"], None, True

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draws anew from (seed, epoch)."""
        draw = (self.seed * 1_000_003 + trainer.current_epoch) % 2**32
        lightning.seed_everything(draw, verbose=False)
        if trainer.world_size > 1:  # augmentation is drawn alike, dropout for each share anew
            trainer.datamodule.draws.begin()  # type: ignore[attr-defined]
            own = np.random.SeedSequence([draw, trainer.global_rank]).generate_state(1)
            torch.manual_seed(int(own[0]))
        self.started = self.trained_at = time.perf_counter()
        self.images, self.end.busy = 0, True

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Counts images, not their crops; keeps the rate that the step was made with.

        After a whole optimiser step, a checkpoint is written if one is due.
        """
        self.images += batch["faces"]
        self.rate = trainer.optimizers[0].param_groups[-1]["lr"]
        self.trained_at = time.perf_counter()
        stepped, self.steps = trainer.global_step > self.steps, trainer.global_step
        if not stepped:
            return
        asked = self._asked(trainer)
        due = asked is not None or (self.every and self.steps % self.every == 0)
        if due and batch_idx + 1 < trainer.num_training_batches:
            self._save_middle(trainer, pl_module, batch_idx + 1)
            self.end.leave(asked)

    def _asked(self, trainer: Trainer) -> int | None:
        """By which signal one of the processes is asked to end: all get the same answer.

        A signal that comes while they tell each other, or later, counts from the next step on.
        """
        if trainer.world_size == 1:
            return self.end.asked
        own = torch.tensor(self.end.asked or 0, device=trainer.strategy.root_device)
        return int(trainer.strategy.reduce(own, reduce_op="max")) or None

    def _save_middle(self, trainer: Trainer, pl_module: LightningModule, batches: int) -> None:
        """Writes `middle.ckpt`, which the epoch's end makes needless."""
        self.run.check_own()
        self.middle = {
            **middle_state(batches, pl_module, trainer.datamodule.draws),  # type: ignore[attr-defined]
            "seconds": time.perf_counter() - self.started,
            "images": self.images,
        }
        trainer.save_checkpoint(self.run.middle)
        self.middle = None

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes the epoch's row, then its checkpoints."""
        metrics = {k: float(v) for k, v in trainer.callback_metrics.items() if "/" in k}
        row = {
            "epoch": trainer.current_epoch + 1,
            **metrics,
            "learning_rate": self.rate,
            "seconds": round(time.perf_counter() - self.started, 3),
            "images_per_second": round(self.images / max(self.trained_at - self.started, 1e-9), 1),
        }
        if trainer.is_global_zero:
            self.run.check_own()
            self.run.write_rows([*self.run.rows(), row])
            self.tracker.log(row)
        if self._is_best(metrics[self.monitor]):
            self.best, self.best_epoch = metrics[self.monitor], int(row["epoch"])
        trainer.save_checkpoint(self.run.last)
        if trainer.is_global_zero:
            self.run.middle.unlink(missing_ok=True)
            if self.best_epoch == row["epoch"]:  # after `last.ckpt`, which stands in until then
                copy_checkpoint(self.run.last, self.run.best)
        self.end.leave(self._asked(trainer))
        self.end.busy = False

    def _is_best(self, value: float) -> bool:
        if self.best is None or math.isnan(self.best):
            return True
        return value > self.best if self.maximise else value < self.best

    def state_dict(self) -> dict[str, Any]:
        """The best value so far, and where in an epoch this is, kept in the checkpoint."""
        return {"best": self.best, "best_epoch": self.best_epoch, "middle": self.middle}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Goes on from there."""
        self.best, self.best_epoch = state_dict["best"], state_dict["best_epoch"]
        self.middle = state_dict.get("middle")


def measure(
    trainer: Trainer, model: LightningModule, data: LightningDataModule, checkpoint: Path | None
) -> None:
    """Stands for the fitting of a model in which nothing learns: one row, and its checkpoints.

    Args:
        trainer: With a `Recorder`.
        model: With no parameter that learns.
        data: Gives the validation part.
        checkpoint: Where an interrupted run left its weights.
    """
    recorder = trainer.checkpoint_callback
    assert isinstance(recorder, Recorder)
    recorder.on_train_start(trainer, model)
    recorder.on_train_epoch_start(trainer, model)
    trainer.validate(model, datamodule=data, ckpt_path=checkpoint, weights_only=True, verbose=False)
    recorder.on_train_epoch_end(trainer, model)
