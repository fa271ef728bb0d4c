"""Knowledge distillation: a finished model teaches another (Hinton et al. 2015)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Teacher:
    """A model whose softened answers a student learns beside the labels.

    It is not a module, so that neither the student's checkpoint nor its parameters hold it.

    Args:
        model: Maps images `[B, C, H, W]`, 0 to 1, to logits `[B, K]` of the student's classes.
        channels: C that it was trained with.
        side: H and W that it was trained with.
        temperature: Divides the logits of both; the higher, the softer their answers.
        weight: Share of the teacher in the loss, 0 to 1.
    """

    def __init__(
        self, model: nn.Module, channels: int, side: int, temperature: float, weight: float
    ) -> None:
        self.model = model.eval().requires_grad_(False)
        self.channels, self.side = channels, side
        self.temperature, self.weight = temperature, weight

    def guide(
        self, loss: Tensor, logits: Tensor, images: Tensor, share: Tensor | float = 1.0
    ) -> Tensor:
        """The student's loss, mixed with how far its softened answers are from the teacher's.

        The distance is Kullback and Leibler's, times the temperature squared, which keeps its
        gradients as large as the labels' (Hinton et al. 2015, section 2).

        Args:
            loss: The student's own, a number.
            logits: The student's, float `[B, K]`.
            images: `[B, C, H, W]`, 0 to 1, as the student got them.
            share: By which the mean over these images counts, see `fer.models.losses.mean_share`.
        """
        said = functional.log_softmax(logits / self.temperature, dim=1)
        taught = functional.log_softmax(self.answer(images) / self.temperature, dim=1)
        distance = functional.kl_div(said, taught, reduction="batchmean", log_target=True)
        return (1 - self.weight) * loss + self.weight * self.temperature**2 * distance * share

    @torch.no_grad()
    def answer(self, images: Tensor) -> Tensor:
        """Logits `[B, K]`; the images are brought to the teacher's side, gray ones to colour."""
        if images.shape[-1] != self.side:
            images = functional.interpolate(
                images, size=(self.side, self.side), mode="bilinear", antialias=True
            ).clamp(0, 1)
        images = images.expand(-1, self.channels, -1, -1)
        logits: Tensor = self.model.to(images.device)(images)
        return logits.float()
