"""Mirror, rotation, shift, scale and shear of a batch in one resampling."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


class Warp(nn.Module):
    """Applies kornia's geometric operations one after another, but resamples only once.

    They draw and give their matrices; one after another they would blur a picture several times
    and cost several times as much.

    Args:
        operations: Such as `kornia.augmentation.RandomAffine`, in their order.
    """

    def __init__(self, operations: Iterable[Any]) -> None:
        super().__init__()
        self.operations = nn.ModuleList(operations)

    def forward(self, images: Tensor) -> Tensor:
        """Warps `[B, C, H, W]`, another way for each picture."""
        matrix = torch.eye(3, device=images.device)
        operation: Any
        for operation in self.operations:
            drawn = operation.forward_parameters(images.shape)
            own = operation.generate_transformation_matrix(images, drawn, operation.flags)
            matrix = own @ matrix
        return resample(images, matrix)


def resample(images: Tensor, matrix: Tensor) -> Tensor:
    """Moves pictures as affine matrices say, bilinearly, with black where nothing was.

    Args:
        images: `[B, C, H, W]`.
        matrix: `[B, 3, 3]`, from a pixel's place (column, row, 1) to where it goes.

    Returns:
        `[B, C, H, W]`.
    """
    height, width = images.shape[-2:]
    columns = torch.arange(width, device=images.device)[:, None]
    rows = torch.arange(height, device=images.device)[:, None]
    side = torch.tensor([width, height], device=images.device)
    # where each pixel comes from, on grid_sample's scale: the picture reaches from -1 to 1;
    # inv_ex does not look whether it can be inverted, for which a GPU would be waited for
    back = torch.linalg.inv_ex(matrix).inverse[:, :2] * (2 / side)[:, None]
    across = back[:, None, :, 0] * columns
    down = back[:, None, :, 1] * rows + back[:, None, :, 2] + 1 / side - 1
    # as complex numbers, column + i row, their sum is one quick pass
    grid = torch.view_as_complex(across)[:, None] + torch.view_as_complex(down)[:, :, None]
    return functional.grid_sample(images, torch.view_as_real(grid), align_corners=False)
