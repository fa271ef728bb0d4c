"""Losses on logits `[B, K]` and targets: class indices `[B]` or probabilities `[B, K]`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


class ClassificationLoss(nn.Module):
    """Cross-entropy, with label smoothing, class weights and focusing.

    Args:
        class_weights: A factor per class, or None.
        smoothing: Share of the target spread over all classes (Szegedy et al. 2016).
        gamma: Focal loss' exponent (Lin et al. 2017); 0 is cross-entropy.
    """

    def __init__(
        self,
        class_weights: Sequence[float] | None = None,
        smoothing: float = 0.0,
        gamma: float = 0.0,
    ) -> None:
        super().__init__()
        weights = (
            None if class_weights is None else torch.tensor(class_weights, dtype=torch.float32)
        )
        self.register_buffer("weights", weights, persistent=False)
        self.weights: Tensor | None
        self.smoothing, self.gamma = smoothing, gamma

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The mean loss; images are weighted by their class where weights are given."""
        if self.gamma == 0:
            return functional.cross_entropy(
                logits, targets, weight=self.weights, label_smoothing=self.smoothing
            )
        classes = logits.shape[1]
        hard = targets.ndim == 1
        truth = functional.one_hot(targets, classes).to(logits.dtype) if hard else targets
        truth = truth * (1 - self.smoothing) + self.smoothing / classes
        log_probabilities = functional.log_softmax(logits, dim=1)
        doubt = -torch.expm1(log_probabilities)  # 1 - p; at 0 a power below 1 has no gradient
        each = truth * doubt.clamp(min=1e-7) ** self.gamma * log_probabilities
        if self.weights is None:
            return -each.sum(dim=1).mean()
        return -(each * self.weights).sum() / self.divisor(targets)

    def divisor(self, targets: Tensor) -> Tensor | int:
        """What the mean over these targets divides by, as cross_entropy does."""
        hard = targets.ndim == 1
        return self.weights[targets].sum() if hard and self.weights is not None else len(targets)


class MultiTargetLoss(nn.Module):
    """Minus the logarithm of the best probability among the classes that will do.

    Barsoum et al., Training Deep Networks for Facial Expression Recognition with Crowd-Sourced
    Label Distribution, 2016, section 3.

    Args:
        smoothing: How far the other classes count too, 0 to 1.
    """

    def __init__(self, smoothing: float = 0.0) -> None:
        super().__init__()
        self.smoothing = smoothing

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The mean loss; targets `[B, K]` are 1 for each class that will do, else 0."""
        will_do = targets * (1 - self.smoothing) + self.smoothing
        best = (functional.log_softmax(logits, dim=1) + will_do.log()).max(dim=1).values
        return -best.mean()

    def divisor(self, targets: Tensor) -> int:
        """What the mean over these targets divides by."""
        return len(targets)


def mean_share(
    divisor: Callable[[Tensor], Tensor | int], own: Tensor, whole: Tensor, processes: int
) -> Tensor | float:
    """The factor by which a process's mean counts in the mean over all processes.

    Gradients are averaged over processes; with it the average is the mean over the whole batch,
    however unevenly that is shared out. It is 1 where every process has the whole batch.

    Args:
        divisor: What a mean over targets divides by.
        own: Targets of this process's share, `[b]` or `[b, K]`.
        whole: Targets of the whole batch, `[B]` or `[B, K]`.
        processes: How many.

    Examples:
        >>> mean_share(len, own=torch.zeros(3), whole=torch.zeros(8), processes=2)
        0.75
    """
    return 1.0 if len(own) == len(whole) else processes * divisor(own) / divisor(whole)


def build_loss(settings: Mapping[str, Any]) -> ClassificationLoss | MultiTargetLoss:
    """The training loss of `conf/loss`' settings; class weights as numbers."""
    if settings["name"] == "multi_target":
        return MultiTargetLoss(settings["smoothing"])
    gamma = settings.get("gamma", 0.0)
    return ClassificationLoss(settings["class_weights"], settings["smoothing"], gamma)


def balanced_weights(counts: Sequence[int]) -> list[float]:
    """Weights inversely proportional to how often a class appears, as scikit-learn's `balanced`.

    Examples:
        >>> balanced_weights([1, 3])
        [2.0, 0.6666666666666666]
    """
    return [sum(counts) / (len(counts) * count) for count in counts]
