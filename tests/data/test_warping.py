"""One resampling does what kornia's operations do one after another."""

from __future__ import annotations

import kornia.augmentation as kornia
import torch

from fer.data.warping import Warp, resample


def test_it_moves_as_kornia_does() -> None:
    images = torch.rand(16, 3, 40, 56)
    flip = kornia.RandomHorizontalFlip(p=0.5)
    affine = kornia.RandomAffine(15.0, translate=(0.1, 0.1), scale=(0.8, 1.2), shear=5.0, p=0.7)
    torch.manual_seed(3)
    expected = affine(flip(images))
    torch.manual_seed(3)
    torch.testing.assert_close(Warp([flip, affine])(images), expected, atol=1e-4, rtol=0)


def test_two_turns_that_cancel_leave_the_picture_sharp() -> None:
    images = torch.rand(4, 1, 48, 48)
    there, back = (kornia.RandomRotation((angle, angle), p=1.0) for angle in (10.0, -10.0))
    torch.testing.assert_close(Warp([there, back])(images), images, atol=1e-4, rtol=0)
    assert (back(there(images)) - images)[:, :, 12:-12, 12:-12].abs().mean() > 0.05


def test_a_shift_brings_black_in() -> None:
    shift = torch.eye(3).repeat(2, 1, 1)
    shift[:, 0, 2] = 5
    moved = resample(torch.ones(2, 1, 8, 12), shift)
    torch.testing.assert_close(moved[..., 5:], torch.ones(2, 1, 8, 7))
    assert not moved[..., :5].abs().max() > 1e-5
