"""Figures of an epoch, weighted by samples, on the device."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torchmetrics import MeanMetric, Metric, MetricCollection
from torchmetrics.classification import MulticlassAccuracy, MulticlassConfusionMatrix
from torchmetrics.utilities import dim_zero_cat

from fer.extending.own_metrics import METRICS, measure_own
from fer.processes.exchange import add_up, gathered


class EpochMetrics(nn.Module):
    """Loss and accuracy over all images of an epoch, not the mean of batch means.

    With several processes, figures are brought together when the epoch ends: by `add_up`, each
    process having counted its own images, or by `replay`, in the order of one process.

    Args:
        stage: `train` or `validation`, first part of the names.
        classes: Number of classes.
        macro: Whether also the means over classes: balanced accuracy and macro F1, and what
            plugins add.
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
            figures["means"] = ClassMeans(classes, sync_on_compute=False)
        self.figures = MetricCollection(figures)
        self.own = OwnFigures() if macro and METRICS.loaded() else None
        self.kept: list[tuple[int, Tensor, Tensor, Tensor]] = []

    def update(self, loss: Tensor, logits: Tensor, labels: Tensor) -> None:
        """Takes a batch: its mean loss, logits `[B, K]` and labels `[B]`."""
        loss, logits = loss.detach(), logits.detach()
        self.loss.update(loss, weight=len(labels))
        self.figures.update(logits.argmax(dim=1), labels)
        if self.own is not None:
            self.own.update(logits.float().softmax(dim=1), labels)

    def keep(self, index: Tensor, loss: Tensor, logits: Tensor, labels: Tensor) -> None:
        """Takes a batch, with its faces' indices `[B]`, for `replay`."""
        self.kept.append((int(index[0]), loss.detach().cpu(), logits.detach().cpu(), labels.cpu()))

    def replay(self) -> None:
        """Counts the batches that all processes kept, each once, as one process would have.

        Sums of floats depend on their order: in that of one process they are the same bit by bit.
        """
        first_faces: set[int] = set()
        device = self.loss.device
        for turn in zip(*gathered(self.kept), strict=True):
            for face, loss, logits, labels in turn:
                if face not in first_faces:
                    first_faces.add(face)
                    self.update(loss.to(device), logits.to(device), labels.to(device))
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
        if self.own is not None:
            figures |= self.own.compute()
            self.own.reset()
        return {f"{self.stage}/{name}": value for name, value in figures.items()}


class ClassMeans(MulticlassConfusionMatrix):
    """Balanced accuracy and macro F1 as a test report defines them, also where classes are absent.

    See `fer.evaluation.metrics`: all K classes count in the mean F1, an absent one with 0;
    those without images are left out of the balanced accuracy.
    """

    def compute(self) -> dict[str, Tensor]:  # type: ignore[override]
        """Names to figures, 0 to 1."""
        counts = self.confmat.float()
        hits, truth, told = counts.diag(), counts.sum(dim=1), counts.sum(dim=0)
        recall = (hits / truth)[truth > 0]
        f1 = torch.nan_to_num(2 * hits / (truth + told))
        return {"balanced_accuracy": recall.mean(), "f1_macro": f1.mean()}


class OwnFigures(Metric):
    """What plugins measure, over all images of an epoch."""

    labels: list[Tensor]
    probabilities: list[Tensor]

    def __init__(self) -> None:
        super().__init__(sync_on_compute=False)
        self.add_state("labels", [], dist_reduce_fx="cat")
        self.add_state("probabilities", [], dist_reduce_fx="cat")

    def update(self, probabilities: Tensor, labels: Tensor) -> None:
        """Takes a batch: probabilities `[B, K]`, 0 to 1, and labels `[B]`."""
        self.probabilities.append(probabilities)
        self.labels.append(labels)

    def compute(self) -> dict[str, Tensor]:
        """Names to figures, each a number."""
        both = dim_zero_cat(self.labels), dim_zero_cat(self.probabilities).double()
        own = measure_own(*(tensor.cpu().numpy() for tensor in both))
        return {name: torch.tensor(value) for name, value in own.items()}
