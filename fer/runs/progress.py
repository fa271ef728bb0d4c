"""How a training looks on the terminal: a bar, or a line an epoch."""

from __future__ import annotations

import sys
import time
from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class EpochLines(Callback):
    """A line an epoch: for logs, and where there is no terminal."""

    def __init__(self) -> None:
        self.started = 0.0
        self.first_epoch = 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts the clock."""
        self.started, self.first_epoch = time.perf_counter(), trainer.current_epoch

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Prints the epoch's line, with the time left at the pace so far."""
        done = trainer.current_epoch + 1 - self.first_epoch
        epochs = trainer.max_epochs or 1
        left = (time.perf_counter() - self.started) / done * (epochs - trainer.current_epoch - 1)
        metrics = trainer.callback_metrics
        print(
            f"epoch {trainer.current_epoch + 1}/{epochs}: "
            f"validation loss {float(metrics['validation/loss']):.3f}, "
            f"accuracy {float(metrics['validation/accuracy']):.3f}, {_clock(left)} left",
            flush=True,
        )


class EpochBar(Callback):
    """A bar over all steps: epoch, loss, accuracy, images per second, time left."""

    def __init__(self) -> None:
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            refresh_per_second=4,
        )
        self.task: Any = None
        self.best = ""
        self.steps = 1
        self.since, self.images = 0.0, 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Shows the bar, advanced by what an earlier process did, within an epoch too."""
        epochs, self.steps = trainer.max_epochs or 1, int(trainer.num_training_batches)
        within = trainer.fit_loop.epoch_loop.batch_progress.current.ready % self.steps
        done = trainer.current_epoch * self.steps + within
        self.task = self.progress.add_task(
            "", total=epochs * self.steps, completed=done, figures=""
        )
        self.progress.start()
        self.on_train_epoch_start(trainer, pl_module)  # Lightning begins none if it goes on in one

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Names the epoch."""
        text = f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}"
        self.progress.update(self.task, description=text)
        self.since, self.images = time.perf_counter(), 0

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Moves on; figures are read every tenth step, since reading waits for the device."""
        self.images += batch["faces"]
        done = trainer.current_epoch * self.steps + batch_idx + 1
        self.progress.update(self.task, completed=done)
        if batch_idx % 10 == 0:
            metrics: Any = pl_module.train_metrics
            rate = self.images / max(time.perf_counter() - self.since, 1e-9)
            loss = f"loss {float(outputs['loss']):.3f}"
            figures = f"{loss}  acc {metrics.accuracy():.3f}{self.best}  {rate:.0f} img/s"
            self.progress.update(self.task, figures=figures)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Shows the validation accuracy."""
        self.best = f"  val {float(trainer.callback_metrics['validation/accuracy']):.3f}"

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leaves the bar as it is."""
        self.progress.stop()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Gives the terminal back."""
        self.progress.stop()


def progress_callbacks(kind: str) -> list[Callback]:
    """`bar`, `lines`, `none`, or `auto`: a bar on a terminal, else lines."""
    if kind == "auto":
        kind = "bar" if sys.stderr.isatty() else "lines"
    if kind == "none":
        return []
    return [EpochBar() if kind == "bar" else EpochLines()]


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
