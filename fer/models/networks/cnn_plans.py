"""Layers of the studies' plain convolutional networks; no torch here, for checks need them too.

A plan names its layers in order. A convolution is (filters, kernel) and is followed by ReLU; `None`
is 2 x 2 max-pooling with stride 2. Dense layers, their widths and dropout are settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Layers = Mapping[str, tuple[int, int] | None]


@dataclass(frozen=True)
class Plan:
    """One network's convolutions.

    Attributes:
        layers: Names to (filters, kernel), or to None for pooling; the last one is pooling.
        padded: Whether convolutions keep the picture's size; else they take off kernel - 1 pixels.
        drops_maps: Whether whole maps are dropped out after the last convolution.
    """

    layers: Layers
    padded: bool = True
    drops_maps: bool = False

    @property
    def pools(self) -> list[str]:
        """Names of the pooling layers, each the end of a stage."""
        return [name for name, layer in self.layers.items() if layer is None]

    def side(self, size: int) -> int:
        """Side of the last maps of a picture of `size` x `size`; below 1 where it is too small.

        Examples:
            >>> PLANS["cnn3"].side(48)
            12
        """
        for layer in self.layers.values():
            if layer is None:
                size //= 2
            elif not self.padded:
                size -= layer[1] - 1
        return size

    @property
    def least_size(self) -> int:
        """The smallest picture that leaves something to the dense layers."""
        return next(size for size in range(1, 1024) if self.side(size) >= 1)


def _vgg(*convolutions: int) -> Plan:
    """Simonyan and Zisserman 2015, table 1: so many 3 x 3 convolutions in each of five blocks."""
    layers: dict[str, tuple[int, int] | None] = {}
    for block, (count, width) in enumerate(
        zip(convolutions, (64, 128, 256, 512, 512), strict=True), start=1
    ):
        layers |= {f"conv{block}_{i}": (width, 3) for i in range(1, count + 1)}
        layers[f"pool{block}"] = None
    return Plan(layers)


PLANS: dict[str, Plan] = {
    # Huang, CNN1: three 3 x 3 convolutions, each followed by pooling. Padding is ours.
    "cnn1": Plan(
        {
            "conv1": (32, 3),
            "pool1": None,
            "conv2": (64, 3),
            "pool2": None,
            "conv3": (128, 3),
            "pool3": None,
        }
    ),
    # Huang, CNN2: 1 x 1 after the input. Its 32 filters are ours (CNN3's), kernel and padding too.
    "cnn2": Plan(
        {
            "conv1": (32, 1),
            "conv2": (32, 3),
            "pool2": None,
            "conv3": (32, 3),
            "pool3": None,
            "conv4": (64, 3),
            "pool4": None,
        }
    ),
    # Huang, CNN3: the study's table.
    "cnn3": Plan(
        {
            "conv1_1": (32, 1),
            "conv2_1": (64, 3),
            "conv2_2": (64, 5),
            "pool2": None,
            "conv3_1": (64, 3),
            "conv3_2": (64, 5),
            "pool3": None,
        }
    ),
    # Huang, "the standard ones".
    "vgg16": _vgg(2, 2, 3, 3, 3),
    "vgg19": _vgg(2, 2, 4, 4, 4),
    # Farahani, base CNN. Widths 10 and 20 and no padding are ours: those of PyTorch's MNIST example
    # of its day, which the study's description follows layer by layer.
    "farahani": Plan(
        {"conv1": (10, 5), "pool1": None, "conv2": (20, 5), "pool2": None},
        padded=False,
        drops_maps=True,
    ),
    # Chen's "plain CNN", of which nothing more is said; all of it is ours.
    "chen2023": Plan(
        {
            "conv1_1": (32, 3),
            "conv1_2": (32, 3),
            "pool1": None,
            "conv2_1": (64, 3),
            "conv2_2": (64, 3),
            "pool2": None,
            "conv3_1": (128, 3),
            "conv3_2": (128, 3),
            "pool3": None,
        }
    ),
}
"""By `model.network`."""
