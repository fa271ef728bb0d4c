"""What is written while a run trains: a row per epoch, then the checkpoints."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import lightning
from lightning import LightningDataModule, LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint

from fer.runs.checkpoints import copy_checkpoint
from fer.runs.folder import RunFolder
from fer.runs.tracking import Tracker


class Recorder(Checkpoint):
    """Writes `metrics.csv`, tells the tracker, keeps `best.ckpt` and `last.ckpt`.

    It is a `Checkpoint`, which Lightning calls after everything else at an epoch's end. A kill
    between the row and the checkpoint leaves a row too many, which going on takes away.

    Args:
        run: The run folder.
        tracker: Takes each row.
        monitor: The validation metric that picks the best epoch.
        maximise: Whether a higher one is better.
        seed: Every epoch's random draws come from (seed, epoch), so that an epoch that is run again
            after an interruption is the same epoch.
    """

    def __init__(
        self, run: RunFolder, tracker: Tracker, monitor: str, maximise: bool, seed: int
    ) -> None:
        self.run, self.tracker = run, tracker
        self.monitor, self.maximise, self.seed = monitor, maximise, seed
        self.best: float | None = None
        self.best_epoch: int | None = None
        self.started = 0.0
        self.trained_at = 0.0
        self.images = 0
        self.rate = 0.0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Drops rows of epochs that will be run again."""
        done = trainer.current_epoch
        self.run.write_rows(row for row in self.run.rows() if row["epoch"] <= done)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draws anew from (seed, epoch)."""
        draw = (self.seed * 1_000_003 + trainer.current_epoch) % 2**32
        lightning.seed_everything(draw, verbose=False)
        self.started = self.trained_at = time.perf_counter()
        self.images = 0

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Counts images, not their crops; keeps the rate that the step was made with."""
        self.images += batch["faces"]
        self.rate = trainer.optimizers[0].param_groups[-1]["lr"]
        self.trained_at = time.perf_counter()

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
        self.run.write_rows([*self.run.rows(), row])
        self.tracker.log(row)
        if self._is_best(metrics[self.monitor]):
            self.best, self.best_epoch = metrics[self.monitor], int(row["epoch"])
            trainer.save_checkpoint(self.run.best)
            copy_checkpoint(self.run.best, self.run.last)
        else:
            trainer.save_checkpoint(self.run.last)

    def _is_best(self, value: float) -> bool:
        if self.best is None or math.isnan(self.best):
            return True
        return value > self.best if self.maximise else value < self.best

    def state_dict(self) -> dict[str, Any]:
        """The best value so far, kept in the checkpoint."""
        return {"best": self.best, "best_epoch": self.best_epoch}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Goes on from the best value so far."""
        self.best, self.best_epoch = state_dict["best"], state_dict["best_epoch"]


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
