"""Wide residual networks, for small pictures (Zagoruyko and Komodakis 2016)."""

from __future__ import annotations

from typing import Any

from timm.layers import DropPath
from torch import Tensor, nn


class WideBlock(nn.Module):
    """Norm, ReLU, 3 x 3 convolution, twice, around which the input goes (figure 1 d of the paper).

    Args:
        given: Channels of the input.
        made: Channels of the output.
        stride: Of the first convolution.
        dropout: Between the convolutions.
        drop_path: Probability that an image goes around only (Huang et al. 2016).
    """

    def __init__(
        self, given: int, made: int, stride: int, dropout: float, drop_path: float
    ) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(given)
        self.conv1 = nn.Conv2d(given, made, 3, stride, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(made)
        self.dropout = nn.Dropout(dropout)
        self.conv2 = nn.Conv2d(made, made, 3, padding=1, bias=False)
        self.drop_path = DropPath(drop_path)
        changes = given != made or stride > 1
        self.shortcut = nn.Conv2d(given, made, 1, stride, bias=False) if changes else None

    def forward(self, maps: Tensor) -> Tensor:
        """`[B, given, h, w]` to `[B, made, h / stride, w / stride]`."""
        ready = self.norm1(maps).relu()
        around = maps if self.shortcut is None else self.shortcut(ready)
        inside = self.dropout(self.norm2(self.conv1(ready)).relu())
        joined: Tensor = around + self.drop_path(self.conv2(inside))
        return joined


class WideResNet(nn.Module):
    """WRN-depth-width, `[B, channels, H, W]` of any size to logits `[B, classes]`.

    It has what freezing, layer-wise rates and loading ask of timm's networks: `feature_info` marks
    the ends of stages, `group_matcher` numbers the blocks, `pretrained_cfg` names the first and the
    last layer.

    Args:
        classes: Number of classes.
        channels: Of the pictures.
        depth: Of all convolutions, 6 n + 4 with n blocks in each of three groups.
        width: Factor on the channels 16, 32 and 64 of the groups.
        stem_stride: Of the first convolution; the paper's is 1, for 32 x 32.
        dropout: Inside blocks.
        drop_path: Of the last block; rises evenly from 0.

    Examples:
        >>> sum(p.numel() for p in WideResNet(classes=10, channels=3, depth=28).parameters())
        36479194
    """

    def __init__(
        self,
        classes: int,
        channels: int,
        depth: int,
        width: float = 10,
        stem_stride: int = 1,
        dropout: float = 0.0,
        drop_path: float = 0.0,
    ) -> None:
        super().__init__()
        blocks = (depth - 4) // 6
        drops = [drop_path * i / max(3 * blocks - 1, 1) for i in range(3 * blocks)]
        self.stem = nn.Conv2d(channels, 16, 3, stem_stride, padding=1, bias=False)
        self.feature_info: list[dict[str, Any]] = [
            {"module": "stem", "num_chs": 16, "reduction": stem_stride}
        ]
        given = 16
        for number in (1, 2, 3):
            made, group = round(8 * 2**number * width), nn.Sequential()
            for block in range(blocks):
                stride = 2 if number > 1 and block == 0 else 1
                group.append(WideBlock(given, made, stride, dropout, drops.pop(0)))
                given = made
            self.add_module(f"group{number}", group)
            shrunk = stem_stride * 2 ** (number - 1)
            self.feature_info.append(
                {"module": f"group{number}", "num_chs": made, "reduction": shrunk}
            )
        self.norm = nn.BatchNorm2d(given)
        self.head = nn.Linear(given, classes)
        self.num_features = given
        self.pretrained_cfg = {"first_conv": "stem", "classifier": "head"}
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def group_matcher(self, coarse: bool = False) -> dict[str, Any]:
        """Which layer each parameter belongs to, in timm's way."""
        block = r"^group(\d+)" if coarse else r"^group(\d+)\.(\d+)"
        return {"stem": r"^stem", "blocks": [(block, None), (r"^norm", (99999,))]}

    def forward_features(self, images: Tensor) -> Tensor:
        """The last maps `[B, F, h, w]`."""
        maps: Tensor = self.stem(images)
        for number in (1, 2, 3):
            maps = self.get_submodule(f"group{number}")(maps)
        ready: Tensor = self.norm(maps).relu()
        return ready

    def forward_head(self, maps: Tensor, pre_logits: bool = False) -> Tensor:
        """Logits `[B, K]` of the last maps, or what the last layer sees, `[B, num_features]`."""
        seen = maps.mean(dim=(2, 3))
        return seen if pre_logits else self.head(seen)

    def forward(self, images: Tensor) -> Tensor:
        """Logits `[B, K]`."""
        return self.forward_head(self.forward_features(images))
