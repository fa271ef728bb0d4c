"""Mixup and CutMix, as batches come out of them."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from fer.data.mixing import Mixing, mixes
from tests.composing import settings

LABELS = torch.arange(7).repeat(4)


def mixing(*overrides: str) -> Mixing:
    return Mixing(settings(*(f"augment.{override}" for override in overrides))["augment"], 7)


def flat() -> Tensor:
    """A picture of each label's own gray level."""
    return (LABELS / 10.0).view(-1, 1, 1, 1).repeat(1, 1, 8, 8)


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(3)


@pytest.mark.parametrize("way", ["mixup", "cutmix"])
def test_pictures_and_targets_are_mixed_by_the_same_share(way: str) -> None:
    before = flat()
    for _ in range(5):
        mixed, truth = mixing(f"{way}.alpha=1")(before, LABELS)
        assert mixed.shape == before.shape and truth.shape == (28, 7)
        torch.testing.assert_close(truth.sum(dim=1), torch.ones(28))
        expected = truth @ (torch.arange(7) / 10.0)
        torch.testing.assert_close(mixed.mean(dim=(1, 2, 3)), expected)
        torch.testing.assert_close(truth.sum(dim=0), torch.full((7,), 4.0))
    assert torch.equal(before, flat())


def test_mixup_blends_and_cutmix_pastes() -> None:
    blended, _ = mixing("mixup.alpha=1")(flat(), LABELS)
    assert all(len(image.unique()) == 1 for image in blended)
    pasted = torch.cat([mixing("cutmix.alpha=1")(flat(), LABELS)[0] for _ in range(5)])
    assert set(pasted.unique().tolist()) == set(flat().unique().tolist())
    assert any(len(image.unique()) == 2 for image in pasted)


def test_probabilities_are_mixed_as_labels_are() -> None:
    one = mixing("mixup.alpha=1")(flat(), LABELS)
    torch.manual_seed(3)
    other = mixing("mixup.alpha=1")(flat(), torch.nn.functional.one_hot(LABELS, 7).double())
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_crops_of_one_face_are_not_its_partners() -> None:
    """Five crops of a face stand beside each other in a batch."""
    labels = torch.arange(7).repeat_interleave(5)
    truth = mixing("mixup.alpha=50")(torch.zeros(35, 1, 8, 8), labels)[1]
    assert int((truth.max(dim=1).values < 0.99).sum()) > 20


def test_so_many_batches_are_mixed() -> None:
    some = mixing("mixup.alpha=50", "cutmix.alpha=50", "mix_probability=0.4")
    kinds = []
    for _ in range(300):
        images, _ = some(flat(), LABELS)
        patched = any(len(image.unique()) > 1 for image in images)
        kinds.append("paste" if patched else "none" if torch.equal(images, flat()) else "blend")
    counts = {kind: kinds.count(kind) for kind in ("none", "paste", "blend")}
    assert 150 < counts["none"] < 210 and all(35 < counts[k] < 90 for k in ("paste", "blend"))


def test_off_is_off() -> None:
    assert not mixes(settings()["augment"]) and not mixes({})
    assert mixes(settings("augment.cutmix.alpha=0.5")["augment"])
    images, truth = mixing()(flat(), LABELS)
    assert torch.equal(images, flat()) and torch.equal(truth.argmax(dim=1), LABELS)
