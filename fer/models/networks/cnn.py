"""Plain convolutional networks: convolutions with ReLU and max-pooling, then dense layers.

The studies that end in log-softmax and negative log-likelihood (Farahani) compute what
cross-entropy computes on logits, so these networks end in logits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from fer.errors import ConfigError
from fer.models.networks.cnn_plans import PLANS


class PlainCnn(nn.Module):
    """One of `PLANS`, `[B, channels, size, size]` to logits `[B, classes]`.

    It has what freezing and loading ask of timm's networks: `feature_info` marks the ends of stages
    (each pooling, then the dense layers), `pretrained_cfg` names the first and the last layer.

    Args:
        network: A name in `PLANS`.
        classes: Number of classes.
        channels: Of the pictures.
        size: Side of the pictures, in pixels; the first dense layer is made for it.
        dense: Widths of the hidden dense layers.
        dropout: After each hidden dense layer, and on whole maps where the plan has it.

    Raises:
        ConfigError: There is no such network, or the pictures are too small for it.

    Examples:
        >>> cnn = PlainCnn("cnn1", classes=7, channels=1, size=48, dense=[1024, 512], dropout=0.5)
        >>> cnn.dense.fc1.in_features == 6 * 6 * 128
        True
    """

    def __init__(
        self,
        network: str,
        classes: int,
        channels: int,
        size: int,
        dense: Sequence[int],
        dropout: float,
    ) -> None:
        super().__init__()
        if network not in PLANS:
            raise ConfigError(f"model.network={network} cannot be: choose {', '.join(PLANS)}")
        plan = PLANS[network]
        side = plan.side(size)
        if side < 1:
            raise ConfigError(
                f"model.network={network} cannot take pictures of {size} x {size}: data.size (and "
                f"augment.crop.size, where it is set) must be {plan.least_size} or more"
            )
        self.features = nn.Sequential()
        self.feature_info: list[dict[str, Any]] = []
        width = channels
        for name, layer in plan.layers.items():
            if layer is None:
                self.features.add_module(name, nn.MaxPool2d(2))
                self.feature_info.append(
                    {
                        "module": f"features.{name}",
                        "num_chs": width,
                        "reduction": 2 ** (len(self.feature_info) + 1),
                    }
                )
                continue
            filters, kernel = layer
            padding = kernel // 2 if plan.padded else 0
            self.features.add_module(name, nn.Conv2d(width, filters, kernel, padding=padding))
            self.features.add_module(name.replace("conv", "relu"), nn.ReLU())
            width = filters
        if plan.drops_maps:
            self.features.add_module("dropout", nn.Dropout2d(dropout))
        self.dense = nn.Sequential()
        self.feature_info.append({**self.feature_info[-1], "module": "dense"})
        width *= side * side
        for i, units in enumerate(dense, start=1):
            self.dense.add_module(f"fc{i}", nn.Linear(width, units))
            self.dense.add_module(f"relu{i}", nn.ReLU())
            self.dense.add_module(f"dropout{i}", nn.Dropout(dropout))
            width = units
        self.output = nn.Linear(width, classes)
        self.num_features = width
        first = next(iter(plan.layers))
        self.pretrained_cfg = {"first_conv": f"features.{first}", "classifier": "output"}
        self._draw_weights()

    def _draw_weights(self) -> None:
        """Draws hidden layers as He et al. 2015: without norms, deep ones would not learn."""
        for layer in [*self.features, *self.dense]:
            if isinstance(layer, (nn.Conv2d, nn.Linear)):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                assert layer.bias is not None
                nn.init.zeros_(layer.bias)

    def forward_features(self, images: Tensor) -> Tensor:
        """The last maps `[B, F, h, w]`."""
        maps: Tensor = self.features(images)
        return maps

    def forward_head(self, maps: Tensor, pre_logits: bool = False) -> Tensor:
        """Logits `[B, K]` of the last maps, or what the last layer sees, `[B, num_features]`."""
        seen: Tensor = self.dense(maps.flatten(1))
        return seen if pre_logits else self.output(seen)

    def forward(self, images: Tensor) -> Tensor:
        """Logits `[B, K]`."""
        return self.forward_head(self.forward_features(images))
