"""Chen's head (ResNet50 with an MLP, 2023) behind any timm backbone's last maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from fer.errors import ConfigError
from fer.models.networks.transfer import build_transfer


class PositionAttention(nn.Module):
    """Self-attention over the positions of maps `[B, C, h, w]`, which keep their shape.

    One layer as in Vaswani et al. 2017: multi-head attention, the input added, layer norm. Chen
    planned such a layer and says no more of it.

    Args:
        width: Number of channels C.
        heads: Of the attention; C is divided among them.

    Raises:
        ConfigError: C cannot be divided so.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        if width % heads:
            raise ConfigError(
                f"model.attention_heads={heads} does not divide the trunk's {width} channels"
            )
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.norm = nn.LayerNorm(width)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps `[B, C, h, w]` to maps of the same shape."""
        positions = maps.flatten(2).transpose(1, 2)
        attended, _ = self.attention(positions, positions, positions, need_weights=False)
        normed: Tensor = self.norm(positions + attended)
        return normed.transpose(1, 2).reshape(maps.shape)


def mlp_head(
    shape: Sequence[int],
    classes: int,
    widths: Sequence[int],
    dropout: float,
    attention_heads: int = 0,
) -> nn.Sequential:
    """Maps `[B, C, h, w]` to logits `[B, K]`: dropout, flatten, batch norm, linear, then the MLP.

    The MLP repeats batch norm, ReLU, dropout, linear; its last linear layer gives the logits.

    Args:
        shape: (C, h, w).
        classes: Number of classes K.
        widths: Of all linear layers but the last; Chen's are 32, 32, 32.
        dropout: In all places; Chen's is 0.5.
        attention_heads: Of self-attention over the h x w positions, before all else; 0: none.
    """
    head = nn.Sequential()
    if attention_heads:
        head.add_module("attention", PositionAttention(shape[0], attention_heads))
    width = shape[0] * shape[1] * shape[2]
    head.add_module("dropout", nn.Dropout(dropout))
    head.add_module("flatten", nn.Flatten())
    head.add_module("norm", nn.BatchNorm1d(width))
    head.add_module("linear", nn.Linear(width, widths[0]))
    for i, (given, made) in enumerate(zip(widths, [*widths[1:], classes], strict=True), start=1):
        head.add_module(f"norm{i}", nn.BatchNorm1d(given))
        head.add_module(f"relu{i}", nn.ReLU())
        head.add_module(f"dropout{i}", nn.Dropout(dropout))
        head.add_module(f"linear{i}", nn.Linear(given, made))
    return head


class MlpNetwork(nn.Module):
    """A timm backbone as `trunk`, unpooled, and `mlp_head` as `head`.

    It has what freezing and loading ask of timm's networks: the trunk's `feature_info`, and
    `pretrained_cfg` with the names of the first layer and of the head.

    Args:
        backbone: A name from `timm.list_models()`.
        classes: Number of classes.
        channels: Of the pictures.
        size: Side of the pictures, in pixels; the head is made for the maps that it leads to.
        widths: See `mlp_head`.
        dropout: See `mlp_head`.
        attention_heads: See `mlp_head`.
        stem_stride: See `build_transfer`.
        drop_path: See `build_transfer`.

    Raises:
        ConfigError: timm has no such backbone, or it gives no maps for pictures of this size.
    """

    def __init__(
        self,
        backbone: str,
        classes: int,
        channels: int,
        size: int,
        widths: Sequence[int],
        dropout: float,
        attention_heads: int = 0,
        stem_stride: int | None = None,
        drop_path: float = 0.0,
    ) -> None:
        super().__init__()
        trunk: Any = build_transfer(backbone, classes, channels, stem_stride, drop_path=drop_path)
        trunk.reset_classifier(0, "")
        self.trunk = trunk
        shape = _map_shape(trunk, backbone, channels, size)
        self.head = mlp_head(shape, classes, widths, dropout, attention_heads)
        self.num_features = widths[-1]
        self.feature_info = [
            {**info, "module": f"trunk.{info['module']}"} for info in trunk.feature_info
        ]
        first = trunk.pretrained_cfg["first_conv"]
        self.pretrained_cfg = {"first_conv": f"trunk.{first}", "classifier": "head"}

    def forward_features(self, images: Tensor) -> Tensor:
        """The trunk's last maps `[B, C, h, w]`."""
        maps: Tensor = self.trunk(images)
        return maps

    def forward_head(self, maps: Tensor, pre_logits: bool = False) -> Tensor:
        """Logits `[B, K]`, or what the last linear layer sees, `[B, num_features]`."""
        seen: Tensor = (self.head[:-1] if pre_logits else self.head)(maps)
        return seen

    def forward(self, images: Tensor) -> Tensor:
        """Logits `[B, K]` of `[B, channels, size, size]`."""
        return self.forward_head(self.forward_features(images))


def _map_shape(trunk: nn.Module, backbone: str, channels: int, size: int) -> Sequence[int]:
    """(C, h, w) of the trunk's last maps, found by a picture of zeros."""
    trunk.eval()
    try:
        with torch.no_grad():
            maps = trunk(torch.zeros(1, channels, size, size))
    except (AssertionError, RuntimeError) as error:
        raise ConfigError(
            f"model.backbone={backbone} cannot take pictures of {size} x {size}, see data.size "
            f"and augment.crop.size: {error}"
        ) from None
    finally:
        trunk.train()
    if maps.ndim != 4 or getattr(trunk, "output_fmt", "NCHW") != "NCHW":
        raise ConfigError(
            f"model.backbone={backbone} gives no maps for the MLP head; use a convolutional one"
        )
    return tuple(maps.shape[1:])
