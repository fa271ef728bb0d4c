"""Figures of an epoch, weighted by samples, on the device."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torchmetrics import MeanMetric, Metric, MetricCollection
from torchmetrics.classification import MulticlassAccuracy, MulticlassF1Score
from torchmetrics.utilities import dim_zero_cat

from fer.own_metrics import METRICS, measure_own


class EpochMetrics(nn.Module):
    """Loss and accuracy over all images of an epoch, not the mean of batch means.

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
        self.loss = MeanMetric()
        figures: dict[str, Metric | MetricCollection] = {
            accuracy: MulticlassAccuracy(classes, average="micro")
        }
        if macro:
            figures["balanced_accuracy"] = MulticlassAccuracy(classes, average="macro")
            figures["f1_macro"] = MulticlassF1Score(classes, average="macro")
        self.figures = MetricCollection(figures)
        self.own = OwnFigures() if macro and METRICS.loaded() else None

    def update(self, loss: Tensor, logits: Tensor, labels: Tensor) -> None:
        """Takes a batch: its mean loss, logits `[B, K]` and labels `[B]`."""
        self.loss.update(loss.detach(), weight=len(labels))
        self.figures.update(logits.detach().argmax(dim=1), labels)
        if self.own is not None:
            self.own.update(logits.detach().float().softmax(dim=1), labels)

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


class OwnFigures(Metric):
    """What plugins measure, over all images of an epoch."""

    labels: list[Tensor]
    probabilities: list[Tensor]

    def __init__(self) -> None:
        super().__init__()
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
