from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from fer.data.preprocessing import evaluation_views, fixed_crops, to_images


def noise(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)


@pytest.mark.parametrize("channels", [1, 3])
def test_gray_is_scaled_and_repeated(channels: int) -> None:
    pixels = noise(2, 48, 48)
    images = to_images(pixels, size=48, channels=channels)
    assert images.shape == (2, channels, 48, 48) and images.dtype == torch.float32
    for channel in range(channels):
        torch.testing.assert_close(images[:, channel] * 255, pixels.float())


def test_colour_stays_in_its_channels() -> None:
    pixels = noise(2, 20, 20, 3)
    images = to_images(pixels, size=20, channels=3)
    torch.testing.assert_close(images.permute(0, 2, 3, 1) * 255, pixels.float())


def test_colour_to_gray_is_what_pillow_does() -> None:
    pixels = noise(1, 20, 20, 3)
    images = to_images(pixels, size=20, channels=1)
    expected = np.asarray(Image.fromarray(pixels[0].numpy()).convert("L"), dtype=float)
    assert images.shape == (1, 1, 20, 20)
    assert np.abs(images[0, 0].numpy() * 255 - expected).max() < 1


@pytest.mark.parametrize("size", [16, 24, 96])
def test_resizing_is_what_pillow_does(size: int) -> None:
    rows = torch.linspace(0, 255, 48).byte()
    pixels = ((rows[None, :].int() + noise(48, 48).int() // 4) % 256).byte()[None]
    images = to_images(pixels, size=size, channels=1)
    picture = Image.fromarray(pixels[0].numpy()).resize((size, size), Image.Resampling.BILINEAR)
    assert images.shape == (1, 1, size, size)
    assert np.abs(images[0, 0].numpy() * 255 - np.asarray(picture, dtype=float)).max() < 2


def test_oblong_pictures_become_square() -> None:
    images = to_images(noise(1, 30, 60), size=48, channels=1)
    assert images.shape == (1, 1, 48, 48)
    assert float(images.min()) >= 0 and float(images.max()) <= 1


def places(side: int = 10) -> Tensor:
    """A picture whose pixels tell their own place: 100 * row + column."""
    row, column = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    return (100 * row + column).float()[None, None]


def corners(crops: Tensor) -> list[tuple[int, int]]:
    """The row and column of each crop's first pixel."""
    return [divmod(int(crop[0, 0, 0]), 100) for crop in crops[0]]


def test_crops_lie_in_the_corners_and_the_centre() -> None:
    assert corners(fixed_crops(places(), size=6, count=1)) == [(2, 2)]
    five = fixed_crops(places(), size=6, count=5)
    assert five.shape == (1, 5, 1, 6, 6)
    assert corners(five) == [(0, 0), (0, 4), (4, 0), (4, 4), (2, 2)]
    for crop, (row, column) in zip(five[0], corners(five), strict=True):
        assert torch.equal(crop[0], places()[0, 0, row : row + 6, column : column + 6])


def test_ten_crops_are_five_and_their_mirror_images() -> None:
    ten = fixed_crops(places(), size=6, count=10)
    assert ten.shape == (1, 10, 1, 6, 6)
    assert torch.equal(ten[:, :5], fixed_crops(places(), size=6, count=5))
    assert torch.equal(ten[:, 5:], ten[:, :5].flip(-1))


def test_crops_of_an_image_stay_with_it() -> None:
    images = torch.cat([places(), places() + 50_000])
    crops = fixed_crops(images, size=6, count=5)
    assert bool((crops[0] < 50_000).all()) and bool((crops[1] >= 50_000).all())


@pytest.mark.parametrize(
    ("crop", "crops", "flip", "shape"),
    [
        (None, 1, False, (2, 1, 10, 10)),
        (None, 1, True, (2, 2, 1, 10, 10)),
        (6, 1, False, (2, 1, 6, 6)),
        (6, 1, True, (2, 2, 1, 6, 6)),
        (6, 5, False, (2, 5, 1, 6, 6)),
        (6, 5, True, (2, 10, 1, 6, 6)),
        (6, 10, False, (2, 10, 1, 6, 6)),
        (6, 10, True, (2, 10, 1, 6, 6)),
    ],
)
def test_views(crop: int | None, crops: int, flip: bool, shape: tuple[int, ...]) -> None:
    images = torch.cat([places(), places() + 50_000])
    views = evaluation_views(images, crop, crops, flip)
    assert views.shape == shape
    every = views if views.ndim == 5 else views.unsqueeze(1)
    distinct = {tuple(view.flatten().tolist()) for view in every[0]}
    assert len(distinct) == every.shape[1]
    if flip or crops == 10:
        half = every.shape[1] // 2
        assert torch.equal(every[:, half:], every[:, :half].flip(-1))


def test_one_view_of_the_whole_is_the_image() -> None:
    assert torch.equal(evaluation_views(places(), None, 1, False), places())
