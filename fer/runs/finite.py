"""Ends a training whose loss is no number, while the last good checkpoint is still there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

import torch
from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from numpy.typing import NDArray
from torch import Tensor

from fer.errors import RunError
from fer.runs.folder import RunFolder
from fer.writing import write_text

REMEDY = (
    "Lower optimizer.lr, or clip the gradient with trainer.clip_norm=1; both make another run, "
    "from its beginning"
)


class FiniteLoss(Callback):
    """Looks at every training loss before its gradient, and at the validation loss.

    Args:
        run: The run folder; of its checkpoints only one within the epoch goes.
        names: Of the training faces, by the index that a batch gives, `[N]`.
    """

    def __init__(self, run: RunFolder, names: NDArray[Any]) -> None:
        self.run, self.names = run, names
        self.batch: Mapping[str, Any] = {}
        self.number = 0

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Keeps the batch, to say what was in it."""
        self.batch, self.number = batch, batch_idx + 1

    def on_before_backward(
        self, trainer: Trainer, pl_module: LightningModule, loss: Tensor
    ) -> None:
        """Stops before such a loss reaches the weights.

        Raises:
            RunError: Names the epoch, the batch and its images.
        """
        loss = trainer.strategy.reduce(loss.detach().clone(), reduce_op="mean")
        if not bool(torch.isfinite(loss)):
            file = self.run.path / "not_finite.txt"
            names = [str(self.names[index]) for index in self.batch["index"].tolist()]
            if trainer.is_global_zero:
                write_text(file, "\n".join(names) + "\n")
            where = f"batch {self.number} ({', '.join(names[:3])}, ...; all of them in {file})"
            self._stop(f"its loss became {float(loss)} in {where}", trainer)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stops before such weights become a checkpoint.

        Raises:
            RunError: Names the epoch.
        """
        loss = trainer.callback_metrics["validation/loss"]
        if not bool(torch.isfinite(loss)):
            self._stop(f"the validation loss became {float(loss)}", trainer)

    def _stop(self, what: str, trainer: Trainer) -> NoReturn:
        """Ends the training; a checkpoint within the epoch may hold the weights that did it."""
        if trainer.is_global_zero:
            self.run.middle.unlink(missing_ok=True)
        kept = "no epoch was finished before it"
        if self.run.last.is_file():
            kept = f"the checkpoints before it are kept in {self.run.checkpoints}"
        epoch = trainer.current_epoch + 1
        raise RunError(f"the training diverged in epoch {epoch}: {what}; {kept}. {REMEDY}")
