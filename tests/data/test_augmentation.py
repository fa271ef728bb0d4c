from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from fer.data.augmentation import Augmentation
from tests.composing import choices, settings


def augmentation(*overrides: str, size: int = 48) -> Augmentation:
    chosen = settings("augment=none", *(f"augment.{override}" for override in overrides))
    return Augmentation(chosen["augment"], size)


def portrait(side: int = 48) -> Tensor:
    """A picture without symmetry, smooth, with values well within 0 to 1."""
    row, column = torch.meshgrid(*2 * [torch.linspace(0, 1, side)], indexing="ij")
    return (0.35 + 0.2 * row + 0.1 * column + 0.1 * torch.sin(9 * column * row))[None, None]


def copies(count: int = 32, side: int = 48) -> Tensor:
    return portrait(side).expand(count, 1, side, side).clone()


def different(images: Tensor) -> int:
    """How many pictures of a batch differ from each other."""
    return len({tuple(image.flatten().tolist()) for image in images})


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(11)


def test_nothing_on_is_the_identity() -> None:
    images = torch.rand(4, 3, 48, 48)
    before = images.clone()
    state = torch.get_rng_state()
    assert torch.equal(augmentation()(images), before)
    assert torch.equal(torch.get_rng_state(), state)


DRAWN = {
    "rotation": ["rotation.degrees=15"],
    "affine": ["affine.degrees=15", "affine.shift=0.1"],
    "shift": ["affine.shift=0.1"],
    "scale": ["affine.scale=[0.8,1.2]"],
    "shear": ["affine.shear=10"],
    "resized crop": ["resized_crop.scale=[0.6,1.0]"],
    "brightness": ["brightness=0.2"],
    "contrast": ["contrast=0.2"],
    "crop": ["crop.size=40"],
    "erasing": ["erasing.p=1.0"],
}


@pytest.mark.parametrize("overrides", DRAWN.values(), ids=DRAWN)
def test_every_image_is_drawn_for_by_itself(overrides: list[str]) -> None:
    operation = augmentation(*overrides)
    first = operation(copies())
    assert different(first) > 20
    assert not torch.equal(first, operation(copies()))
    torch.manual_seed(5)
    one = operation(copies())
    torch.manual_seed(5)
    assert torch.equal(one, operation(copies()))


@pytest.mark.parametrize("overrides", DRAWN.values(), ids=DRAWN)
def test_shape_and_input_are_kept(overrides: list[str]) -> None:
    images = torch.rand(6, 3, 48, 48)
    before = images.clone()
    changed = augmentation(*overrides)(images)
    side = 40 if "crop.size=40" in overrides else 48
    assert changed.shape == (6, 3, side, side) and changed.dtype == torch.float32
    assert torch.equal(images, before)
    assert not changed.requires_grad


@pytest.mark.parametrize(
    "overrides",
    [
        ["rotation.degrees=15", "rotation.p=0"],
        ["affine.shift=0.3", "affine.p=0"],
        ["resized_crop.scale=[0.5,1.0]", "resized_crop.p=0"],
    ],
)
def test_probability_zero_changes_nothing(overrides: list[str]) -> None:
    torch.testing.assert_close(augmentation(*overrides)(copies(8)), copies(8))


def test_flipping_mirrors() -> None:
    images = torch.rand(8, 3, 48, 48)
    assert torch.equal(augmentation("flip.p=1.0")(images), images.flip(-1))


def test_half_the_images_are_flipped() -> None:
    flipped = augmentation("flip.p=0.5")(copies(200))
    asis = (flipped == copies(200)).flatten(1).all(dim=1)
    mirrored = (flipped == copies(200).flip(-1)).flatten(1).all(dim=1)
    assert bool((asis ^ mirrored).all())
    assert 70 < int(mirrored.sum()) < 130


def test_brightness_adds_and_contrast_multiplies() -> None:
    brighter = augmentation("brightness=0.2")(copies()) - copies()
    assert float(brighter.flatten(1).std(dim=1).max()) < 1e-5
    assert -0.2 <= float(brighter.min()) < -0.1 and 0.1 < float(brighter.max()) <= 0.2
    factors = augmentation("contrast=0.2")(copies()) / copies()
    assert float(factors.flatten(1).std(dim=1).max()) < 1e-5
    assert 0.8 <= float(factors.min()) < 0.9 and 1.1 < float(factors.max()) <= 1.2


@pytest.mark.parametrize("kind", ["brightness", "contrast"])
def test_light_stays_within_black_and_white(kind: str) -> None:
    images = torch.rand(64, 1, 48, 48)
    changed = augmentation(f"{kind}=0.9")(images)
    assert float(changed.min()) >= 0 and float(changed.max()) <= 1


def test_rotation_stays_within_its_degrees() -> None:
    images = torch.zeros(64, 1, 49, 49)
    images[:, :, 24, 30:] = 1  # a bar from the centre to the right
    turned = augmentation("rotation.degrees=20", size=49)(images)
    rows = torch.arange(49.0) - 24
    weight = turned[:, 0, :, 40:].sum(dim=2)
    height = (weight * rows).sum(dim=1) / weight.sum(dim=1)
    angles = torch.rad2deg(torch.atan2(height, torch.tensor(20.0)))
    assert float(angles.abs().max()) < 22
    assert float(angles.max()) > 12 and float(angles.min()) < -12


def test_shift_stays_within_its_share() -> None:
    images = torch.zeros(64, 1, 48, 48)
    images[:, :, 20:28, 20:28] = 1
    moved = augmentation("affine.shift=0.125")(images)
    columns = torch.arange(48.0) - 23.5
    where = (moved[:, 0].sum(dim=1) * columns).sum(dim=1) / moved[:, 0].sum(dim=(1, 2))
    assert float(where.abs().max()) <= 6.1
    assert float(where.max()) > 3 and float(where.min()) < -3


def test_erasing_covers_a_share_with_gray() -> None:
    images = torch.zeros(64, 1, 48, 48)
    erased = augmentation("erasing.p=1.0", "erasing.area=[0.1,0.2]")(images)
    assert set(erased.unique().tolist()) == {0.0, 0.5}
    shares = (erased == 0.5).float().mean(dim=(1, 2, 3))
    assert float(shares.min()) > 0.07 and float(shares.max()) < 0.22
    some = augmentation("erasing.p=0.25")(torch.zeros(200, 1, 48, 48))
    assert 25 < int((some.amax(dim=(1, 2, 3)) > 0).sum()) < 75


@pytest.mark.parametrize("count", [1, 5, 10])
def test_crops_of_an_image_are_adjacent(count: int) -> None:
    numbers = torch.arange(6.0) / 10
    images = numbers.view(6, 1, 1, 1).expand(6, 1, 48, 48)
    crops = augmentation("crop.size=40", f"crop.count={count}")(images)
    assert crops.shape == (6 * count, 1, 40, 40)
    torch.testing.assert_close(crops[:, 0, 7, 7], numbers.repeat_interleave(count))


def test_a_random_crop_is_a_piece_of_the_picture() -> None:
    whole = torch.arange(12 * 12.0).view(1, 1, 12, 12) / 144
    crops = augmentation("crop.size=8", size=16)(whole.expand(64, 1, 12, 12))
    starts = {divmod(round(float(crop[0, 0, 0]) * 144), 12) for crop in crops}
    assert len(starts) > 12 and all(0 <= v <= 4 for start in starts for v in start)
    for crop in crops:
        row, column = divmod(round(float(crop[0, 0, 0]) * 144), 12)
        torch.testing.assert_close(crop[0], whole[0, 0, row : row + 8, column : column + 8])


def test_each_crop_is_erased_by_itself() -> None:
    crops = augmentation("crop.size=40", "crop.count=5", "erasing.p=1.0")(torch.zeros(4, 1, 48, 48))
    assert different(crops) > 15


@pytest.mark.parametrize("preset", choices("augment"))
@pytest.mark.parametrize("channels", [1, 3])
def test_presets_build_and_run(preset: str, channels: int) -> None:
    chosen: dict[str, Any] = settings(f"augment={preset}")["augment"]
    images = copies(16).expand(16, channels, 48, 48)
    changed = Augmentation(chosen, 48)(images)
    assert changed.shape[1] == channels and len(changed) % 16 == 0
    assert torch.isfinite(changed).all()
    assert (different(changed) == 1) == (preset == "none")
