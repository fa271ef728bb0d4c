"""Figures of an epoch, weighted by samples, on the device."""

from __future__ import annotations

from torch import Tensor, nn
from torchmetrics import MeanMetric, Metric, MetricCollection
from torchmetrics.classification import MulticlassAccuracy, MulticlassF1Score

from fer.processes import add_up, gathered


class EpochMetrics(nn.Module):
    """Loss and accuracy over all images of an epoch, not the mean of batch means.

    With several processes, figures are brought together when the epoch ends: by `add_up`, each
    process having counted its own images, or by `replay`, in the order of one process.

    Args:
        stage: `train` or `validation`, first part of the names.
        classes: Number of classes.
        macro: Whether also the means over classes: balanced accuracy and macro F1.
        accuracy: What the accuracy is called.
    """

    def __init__(self, stage: str, classes: int, macro: bool, accuracy: str = "accuracy") -> None:
        super().__init__()
        self.stage, self.name = stage, accuracy
        self.loss = MeanMetric(sync_on_compute=False)
        figures: dict[str, Metric | MetricCollection] = {
            accuracy: MulticlassAccuracy(classes, average="micro", sync_on_compute=False)
        }
        if macro:
            figures["balanced_accuracy"] = MulticlassAccuracy(
                classes, average="macro", sync_on_compute=False
            )
            figures["f1_macro"] = MulticlassF1Score(classes, average="macro", sync_on_compute=False)
        self.figures = MetricCollection(figures)
        self.kept: list[tuple[int, Tensor, Tensor, Tensor]] = []

    def update(self, loss: Tensor, logits: Tensor, labels: Tensor) -> None:
        """Takes a batch: its mean loss, logits `[B, K]` and labels `[B]`."""
        self._count(loss.detach(), logits.detach().argmax(dim=1), labels)

    def _count(self, loss: Tensor, said: Tensor, labels: Tensor) -> None:
        self.loss.update(loss, weight=len(labels))
        self.figures.update(said, labels)

    def keep(self, index: Tensor, loss: Tensor, logits: Tensor, labels: Tensor) -> None:
        """Takes a batch, with its faces' indices `[B]`, for `replay`."""
        said = logits.detach().argmax(dim=1)
        self.kept.append((int(index[0]), loss.detach().cpu(), said.cpu(), labels.cpu()))

    def replay(self) -> None:
        """Counts the batches that all processes kept, each once, as one process would have.

        Sums of floats depend on their order: in that of one process they are the same bit by bit.
        """
        first_faces: set[int] = set()
        device = self.loss.device
        for turn in zip(*gathered(self.kept), strict=True):
            for face, loss, said, labels in turn:
                if face not in first_faces:
                    first_faces.add(face)
                    self._count(loss.to(device), said.to(device), labels.to(device))
        self.kept.clear()

    def add_up(self) -> None:
        """Adds up what the processes have counted of the training, each its own images."""
        for metric in self.modules():
            if isinstance(metric, Metric):
                for name in metric._defaults:
                    add_up(getattr(metric, name))
                metric._computed = None  # what a progress bar has asked for

    def accuracy(self) -> float:
        """Of the epoch so far."""
        return float(self.figures[self.name].compute())

    def finish(self) -> dict[str, Tensor]:
        """The epoch's figures as `<stage>/<name>`, and an empty start for the next."""
        figures = {"loss": self.loss.compute(), **self.figures.compute()}
        self.loss.reset()
        self.figures.reset()
        return {f"{self.stage}/{name}": value for name, value in figures.items()}
