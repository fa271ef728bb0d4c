"""Any timm backbone with a linear head."""

from __future__ import annotations

import difflib
from typing import Any

import timm
from timm.layers import ClassifierHead, DropPath
from torch import nn

from fer.errors import ConfigError


def build_transfer(
    backbone: str,
    classes: int,
    channels: int = 1,
    stem_stride: int | None = None,
    dropout: float = 0.0,
    drop_path: float = 0.0,
) -> nn.Module:
    """A timm network that maps `[B, channels, H, W]` to logits `[B, classes]`.

    Args:
        backbone: A name from `timm.list_models()`.
        classes: Number of classes.
        channels: 1 (gray) or 3.
        stem_stride: How far everything before the first stage shrinks the picture; None keeps
            ImageNet's stem (4 for ResNets, made for 224 pixels), 2 and 1 suit small faces.
        dropout: Before the last layer.
        drop_path: Stochastic depth, for backbones that have it.

    Raises:
        ConfigError: timm has no such backbone, or it cannot be changed as asked.

    Examples:
        >>> sum(p.numel() for p in build_transfer("resnet18", classes=7).parameters())
        11173831
    """
    if not timm.is_model(backbone):
        near = difflib.get_close_matches(backbone, timm.list_models(), n=5, cutoff=0.5)
        hint = f"did you mean {', '.join(near)}?" if near else "timm.list_models() lists them all"
        raise ConfigError(f"model.backbone={backbone} is not a network of timm's: {hint}")
    options: dict[str, Any] = {"drop_path_rate": drop_path} if drop_path else {}
    try:
        network = timm.create_model(
            backbone, num_classes=classes, in_chans=channels, drop_rate=dropout, **options
        )
    except TypeError:
        raise ConfigError(
            f"model.drop_path={drop_path}: {backbone} has no stochastic depth; set it to 0"
        ) from None
    if drop_path and not any(isinstance(m, DropPath) and m.drop_prob for m in network.modules()):
        raise ConfigError(
            f"model.drop_path={drop_path}: {backbone} has no stochastic depth; set it to 0"
        )
    if isinstance(network, timm.models.VGG):
        _pool_before_linear(network, classes, dropout)
    _calm_head(network)
    if stem_stride is not None:
        _set_stem_stride(network, backbone, channels, stem_stride)
    return network


def _pool_before_linear(network: Any, classes: int, dropout: float) -> None:
    """Replaces VGG's two 4096-wide layers, made for 7 x 7 maps, by average pooling."""
    width = network.feature_info[-1]["num_chs"]
    network.pre_logits = nn.Identity()
    network.head = ClassifierHead(width, classes, pool_type="avg", drop_rate=dropout)


def _calm_head(network: Any) -> None:
    """Draws a last layer anew whose weights are too large.

    timm draws those of EfficientNets and MobileNets by the number of classes, made for 1,000; with
    seven, logits would start tens apart, and a short training would be spent on taking them back.
    """
    head = network.get_classifier()
    if not head.weight.is_meta and head.weight.std() > 2 / head.in_features**0.5:
        head.reset_parameters()


def _set_stem_stride(network: Any, backbone: str, channels: int, stride: int) -> None:
    """Makes the stem shrink the picture by `stride` instead of what it does for ImageNet."""
    stem = network.pretrained_cfg["first_conv"]
    parent, _, leaf = stem.rpartition(".")
    owner = network.get_submodule(parent)
    conv = getattr(owner, leaf)
    pool = next((name for name in ("maxpool", "pool0") if hasattr(owner, name)), None)
    native = conv.stride[0] * (2 if pool else 1)
    if stride == native:
        return
    if native == 1 or stride > native:
        raise ConfigError(
            f"model.stem_stride={stride}: {backbone}'s stem shrinks by {native}; "
            f"use null{'' if native == 1 else f' or a number below {native}'}"
        )
    small = nn.Conv2d(
        channels, conv.out_channels, 3, stride=1, padding=1, bias=conv.bias is not None
    )
    nn.init.kaiming_normal_(small.weight, mode="fan_out", nonlinearity="relu")
    setattr(owner, leaf, small)
    if pool and stride == 1:
        setattr(owner, pool, nn.Identity())
