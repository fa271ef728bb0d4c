"""From uint8 faces to probabilities in one torch module: what is exported, and what a run does."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fer.data.preprocessing import evaluation_views, to_images
from fer.models.classifiers import FaceClassifier


class FaceGraph(nn.Module):
    """A model with the preprocessing that it was validated with.

    Args:
        model: With the weights to use; put into eval mode.
        size: Side of the pictures that `data.size` asks for, in pixels.
        channels: 1 or 3.
        crop: Side of the centre crop that the network gets; None: the whole picture.
        temperature: Logits are divided by it before the softmax.
    """

    def __init__(
        self,
        model: FaceClassifier,
        size: int,
        channels: int,
        crop: int | None = None,
        temperature: float = 1.0,
    ) -> None:
        super().__init__()
        self.model, self.size, self.channels = model, size, channels
        self.crop, self.temperature = crop, temperature
        self.eval()

    @torch.no_grad()
    def forward(self, faces: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities and logits, float32 `[B, K]`, of uint8 `[B, H, W]` or `[B, H, W, 3]`."""
        images = to_images(faces, self.size, self.channels)
        logits = self.model(evaluation_views(images, self.crop, 1, False)).float()
        return (logits / self.temperature).softmax(dim=1), logits
