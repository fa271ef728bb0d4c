"""Where in a face the evidence for a class lies: HiResCAM.

Draelos and Carin, Use HiResCAM instead of Grad-CAM for faithful explanations of convolutional
neural networks, 2020: maps times their gradients, place by place, summed over channels. Before a
global mean and a linear head it equals Grad-CAM up to scale. In networks that flatten, Grad-CAM's
mean over places cancels gradients of opposite sign, and its maps are often empty. Through captum.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from fer.errors import ConfigError
from fer.models.classifiers import FaceClassifier
from fer.models.networks.blend import Blend
from fer.models.networks.classical import ClassicalNetwork

LEAST_SIDE = 3
"""Maps of fewer cells a side tell no places, so that an earlier stage is taken."""


class HeatMaps:
    """HiResCAM at the last stage of a network whose maps have `LEAST_SIDE` cells a side or more.

    Args:
        model: With the weights to explain; put into eval mode, and all its parameters get
            gradients.
        side: Of the pictures that it takes, in pixels.

    Attributes:
        layer: Name of the module whose maps are looked at.
        cells: Their height and width.

    Raises:
        ConfigError: The model has no such maps.
    """

    def __init__(self, model: FaceClassifier, side: int) -> None:
        network: Any = model.network
        if isinstance(network, ClassicalNetwork):
            raise ConfigError(
                "heatmaps: a classical model has no convolutional maps to show; use heatmaps=0"
            )
        if isinstance(network, Blend):
            raise ConfigError(
                "heatmaps: a blend has maps of each member, none of its own; evaluate a member "
                "(model.members in its config.yaml), or use heatmaps=0"
            )
        self.model = model.eval().requires_grad_(True)
        self.layer, self.cells = _last_maps(model, side)

    def __call__(self, images: Tensor, classes: Tensor) -> Tensor:
        """The evidence for a class in each picture.

        Args:
            images: `[B, C, H, W]`, 0 to 1.
            classes: int64 `[B]`, 0 to K - 1.

        Returns:
            `[B, H, W]`, 0 to 1, each map scaled by its own largest value; all 0 where nothing in
            the picture speaks for the class.
        """
        from captum.attr import LayerGradientXActivation

        layer = self.model.network.get_submodule(self.layer)
        shares = LayerGradientXActivation(self.model, layer).attribute(images, target=classes)
        maps = shares.detach().sum(dim=1, keepdim=True).relu()
        maps = functional.interpolate(
            maps, size=images.shape[-2:], mode="bilinear", align_corners=False
        )[:, 0]
        largest = maps.amax(dim=(1, 2), keepdim=True)
        return torch.where(largest > 0, maps / largest.clamp_min(1e-12), torch.zeros_like(maps))


def _last_maps(model: FaceClassifier, side: int) -> tuple[str, tuple[int, int]]:
    """The last stage with maps `[B, C, h, w]` large enough, and (h, w)."""
    network: Any = model.network
    widths = {info["module"]: info["num_chs"] for info in getattr(network, "feature_info", ())}
    shapes: dict[str, tuple[int, ...]] = {}

    def note(name: str) -> Any:
        def hook(layer: nn.Module, given: Any, made: Any) -> None:
            if isinstance(made, Tensor):
                shapes[name] = tuple(made.shape)

        return hook

    hooks = [network.get_submodule(name).register_forward_hook(note(name)) for name in widths]
    try:
        with torch.no_grad():
            model(torch.zeros(1, model.hparams["channels"], side, side, device=model.device))
    finally:
        for hook in hooks:
            hook.remove()
    for name in reversed(widths):
        shape = shapes.get(name, ())
        if len(shape) == 4 and shape[1] == widths[name] and min(shape[2:]) >= LEAST_SIDE:
            return name, (shape[2], shape[3])
    raise ConfigError(
        f"heatmaps: this network has no convolutional maps of {LEAST_SIDE} x {LEAST_SIDE} cells or "
        "more; use heatmaps=0"
    )
