"""Pictures made worse: blur, noise, brightness, JPEG, occlusion, rotation; on stored pixels.

What is drawn (the noise, left or right, where the square lies) depends on the seed and the face
alone. So a face meets the same draw at every strength, whatever other faces come with it.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import kornia
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

Pictures = NDArray[np.uint8]
Draw = Callable[[Pictures, float, list[np.random.Generator]], Pictures]


class CorruptedImages:
    """Stands for the images of `Faces`: what is asked for is read, then corrupted.

    Args:
        images: uint8 `[N, H, W]` or `[N, H, W, 3]`.
        kind: A key of `STRENGTHS`.
        strength: In the kind's measure.
        seed: Decides what is drawn.
    """

    def __init__(self, images: Pictures, kind: str, strength: float, seed: int = 0) -> None:
        self.images, self.kind, self.strength, self.seed = images, kind, strength, seed
        self.shape, self.dtype = images.shape, images.dtype

    def __len__(self) -> int:
        """The number of faces, N."""
        return len(self.images)

    def __getitem__(self, indices: NDArray[np.int64]) -> Pictures:
        """The corrupted pictures of these faces, uint8 `[B, H, W]` or `[B, H, W, 3]`."""
        draws = [np.random.default_rng([self.seed, int(index)]) for index in indices]
        return CORRUPTIONS[self.kind](np.asarray(self.images[indices]), self.strength, draws)


def _blur(pictures: Pictures, strength: float, draws: list[np.random.Generator]) -> Pictures:
    """A Gaussian's, reflected at the edges."""
    deviation = strength / 100 * pictures.shape[1]
    kernel = 2 * int(np.ceil(3 * deviation)) + 1
    blurred: Tensor = kornia.filters.gaussian_blur2d(
        _floats(pictures), (kernel, kernel), (deviation, deviation)
    )
    return _pictures(blurred, pictures)


def _noise(pictures: Pictures, strength: float, draws: list[np.random.Generator]) -> Pictures:
    """Gaussian, for each pixel and channel by itself."""
    noise = np.stack([draw.standard_normal(pictures.shape[1:], np.float32) for draw in draws])
    return _whole(pictures + 255 * strength * noise)


def _brightness(pictures: Pictures, strength: float, draws: list[np.random.Generator]) -> Pictures:
    """All pixels up or all down; what leaves 0 to 255 is cut."""
    shift = 255 * strength * _signs(draws)
    return _whole(pictures + shift.reshape(-1, *[1] * (pictures.ndim - 1)))


def _jpeg(pictures: Pictures, strength: float, draws: list[np.random.Generator]) -> Pictures:
    """Written and read by Pillow."""
    found = np.empty_like(pictures)
    for picture, place in zip(pictures, found, strict=True):
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "JPEG", quality=int(strength))
        place[...] = np.asarray(Image.open(file))
    return found


def _occlusion(pictures: Pictures, strength: float, draws: list[np.random.Generator]) -> Pictures:
    """A square of middle gray, all of it inside the picture."""
    found = pictures.copy()
    height, width = pictures.shape[1:3]
    side = min(round((strength * height * width) ** 0.5), height, width)
    for picture, draw in zip(found, draws, strict=True):
        down, across = draw.random(2)
        top, left = round(down * (height - side)), round(across * (width - side))
        picture[top : top + side, left : left + side] = 128
    return found


def _rotation(pictures: Pictures, strength: float, draws: list[np.random.Generator]) -> Pictures:
    """About the centre, bilinear; the corners show what the edges reflect."""
    angles = torch.from_numpy(strength * _signs(draws)).float()
    turned: Tensor = kornia.geometry.transform.rotate(
        _floats(pictures), angles, padding_mode="reflection", align_corners=False
    )
    return _pictures(turned, pictures)


def _signs(draws: list[np.random.Generator]) -> NDArray[np.float32]:
    """1 or -1 for each picture."""
    return np.array([draw.choice((-1, 1)) for draw in draws], dtype=np.float32)


def _floats(pictures: Pictures) -> Tensor:
    """Float32 `[B, C, H, W]`, 0 to 255."""
    pixels = torch.from_numpy(pictures).float()
    return pixels.unsqueeze(1) if pixels.ndim == 3 else pixels.permute(0, 3, 1, 2)


def _pictures(images: Tensor, like: Pictures) -> Pictures:
    """The way back."""
    return _whole(images.permute(0, 2, 3, 1).numpy().reshape(like.shape))


def _whole(values: NDArray[Any]) -> Pictures:
    """Rounded to 0 to 255."""
    return values.round().clip(0, 255).astype(np.uint8)


CORRUPTIONS: dict[str, Draw] = {
    "blur": _blur,
    "noise": _noise,
    "brightness": _brightness,
    "jpeg": _jpeg,
    "occlusion": _occlusion,
    "rotation": _rotation,
}
"""Functions of the kinds in `STRENGTHS`."""
