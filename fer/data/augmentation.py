"""Random changes to training images, drawn for each image, on whole batches on the device."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import kornia.augmentation as kornia
import torch
from torch import Tensor, nn

from fer.data.light import Light
from fer.data.preprocessing import fixed_crops
from fer.data.warping import Warp


class Augmentation(nn.Module):
    """The operations of a `conf/augment` file, those that are off left out.

    Args:
        settings: `conf/augment`'s settings.
        size: Side of the incoming pictures.
    """

    def __init__(self, settings: Mapping[str, Any], size: int) -> None:
        super().__init__()
        self.crop_size, self.crop_count = settings["crop"]["size"], settings["crop"]["count"]
        self.whole = _sequence(_whole_picture(settings, size))
        self.each = _sequence(_each_crop(settings))

    @torch.no_grad()
    def forward(self, images: Tensor) -> Tensor:
        """Augments `[B, C, H, W]`, 0 to 1, to `[B * crops, C, h, w]`, an image's crops adjacent."""
        images = self.whole(images) if self.whole is not None else images
        if self.crop_size is not None and self.crop_count > 1:
            images = fixed_crops(images, self.crop_size, self.crop_count).flatten(0, 1)
        return self.each(images) if self.each is not None else images


def _sequence(operations: list[Any]) -> nn.Module | None:
    """One after another; None where there are none."""
    return nn.Sequential(*operations) if operations else None


def _whole_picture(settings: Mapping[str, Any], size: int) -> list[Any]:
    crop = settings["resized_crop"]
    operations: list[Any] = []
    if crop["scale"][0] < 1:
        operations.append(
            kornia.RandomResizedCrop(
                (size, size), scale=tuple(crop["scale"]), ratio=(1.0, 1.0), p=crop["p"]
            )
        )
    flip = settings["flip"]["p"]
    mirror = [kornia.RandomHorizontalFlip(p=flip)] if flip else []
    turns = _turns(settings)
    operations += [Warp(mirror + turns)] if turns else mirror
    if settings["brightness"] or settings["contrast"]:
        operations.append(Light(settings["brightness"], settings["contrast"]))
    return operations


def _turns(settings: Mapping[str, Any]) -> list[Any]:
    rotation, affine = settings["rotation"], settings["affine"]
    operations: list[Any] = []
    if rotation["degrees"]:
        operations.append(kornia.RandomRotation(rotation["degrees"], p=rotation["p"]))
    if affine["degrees"] or affine["shift"] or affine["shear"] or list(affine["scale"]) != [1, 1]:
        operations.append(
            kornia.RandomAffine(
                degrees=affine["degrees"],
                translate=(affine["shift"], affine["shift"]),
                scale=tuple(affine["scale"]),
                shear=affine["shear"] or None,
                p=affine["p"],
            )
        )
    return operations


def _each_crop(settings: Mapping[str, Any]) -> list[Any]:
    operations: list[Any] = []
    crop, erasing = settings["crop"], settings["erasing"]
    if crop["size"] is not None and crop["count"] == 1:
        operations.append(kornia.RandomCrop((crop["size"], crop["size"])))
    if erasing["p"]:
        operations.append(
            kornia.RandomErasing(scale=tuple(erasing["area"]), value=0.5, p=erasing["p"])
        )
    return operations
