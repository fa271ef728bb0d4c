from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch import Tensor
from torch.nn import functional

from fer.models.losses import (
    ClassificationLoss,
    MultiTargetLoss,
    balanced_weights,
    mean_share,
)

WEIGHTS = [0.5, 2.0, 1.0, 0.1, 3.0, 1.5, 0.7]


def answers(soft: bool) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(20, 7, generator=generator)
    hard = torch.randint(7, (20,), generator=generator)
    return logits, torch.randn(20, 7, generator=generator).softmax(dim=1) if soft else hard


@pytest.mark.parametrize("gamma", [0.0, 1e-7])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("soft", [False, True])
def test_without_focus_it_is_torch_cross_entropy(
    gamma: float, weights: list[float] | None, smoothing: float, soft: bool
) -> None:
    logits, targets = answers(soft)
    factors = None if weights is None else torch.tensor(weights)
    expected = functional.cross_entropy(logits, targets, weight=factors, label_smoothing=smoothing)
    ours = ClassificationLoss(weights, smoothing, gamma)(logits, targets)
    torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-5)


def test_focal_loss_computed_by_hand() -> None:
    logits = torch.tensor([[math.log(0.9), math.log(0.1)], [math.log(0.3), math.log(0.7)]])
    easy = 0.1**2 * -math.log(0.9)
    hard = 0.7**2 * -math.log(0.3)
    labels = torch.tensor([0, 0])
    assert float(ClassificationLoss(gamma=2.0)(logits, labels)) == pytest.approx((easy + hard) / 2)
    weighted = ClassificationLoss([1.0, 3.0], gamma=2.0)(logits, torch.tensor([0, 1]))
    other = 0.3**2 * -math.log(0.7)
    assert float(weighted) == pytest.approx((easy + 3 * other) / 4)


def test_focal_loss_turns_to_hard_images() -> None:
    logits = torch.tensor([[4.0, 0.0], [-1.0, 0.0]])
    labels = torch.tensor([0, 0])

    def share_of_the_hard_one(gamma: float) -> float:
        rows = logits.clone().requires_grad_()
        ClassificationLoss(gamma=gamma)(rows, labels).backward()
        sizes = rows.grad.abs().sum(dim=1)
        return float(sizes[1] / sizes.sum())

    shares = [share_of_the_hard_one(gamma) for gamma in (0.0, 1.0, 2.0, 5.0)]
    assert shares == sorted(shares) and shares[0] < 0.98 < shares[1]


@pytest.mark.parametrize("gamma", [0.1, 0.5, 1.0, 2.0])
def test_focal_loss_of_a_certain_answer_has_a_finite_gradient(gamma: float) -> None:
    logits = torch.tensor([[60.0, 0.0], [0.0, 60.0]], requires_grad=True)
    loss = ClassificationLoss(gamma=gamma)(logits, torch.tensor([0, 0]))
    loss.backward()
    assert float(loss) == pytest.approx(30.0)
    assert torch.isfinite(logits.grad).all()


def test_soft_targets_with_all_on_one_class_are_hard_ones() -> None:
    logits, labels = answers(soft=False)
    loss = ClassificationLoss(gamma=2.0, smoothing=0.1)
    truth = functional.one_hot(labels, 7).float()
    torch.testing.assert_close(loss(logits, truth), loss(logits, labels))


def test_multi_target_loss_computed_by_hand() -> None:
    """Of the classes that will do only the likeliest counts; with smoothing the others a little."""
    logits = torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]]).log()
    targets = torch.tensor([[0.0, 1.0, 1.0], [1.0, 1.0, 0.0]])
    strict = -(math.log(0.3) + math.log(0.2)) / 2
    assert float(MultiTargetLoss()(logits, targets)) == pytest.approx(strict)
    lenient = -(math.log(0.3) + math.log(0.5 * 0.7)) / 2
    assert float(MultiTargetLoss(0.5)(logits, targets)) == pytest.approx(lenient)


def test_class_weights_are_not_part_of_a_checkpoint() -> None:
    assert not ClassificationLoss(WEIGHTS).state_dict()


def test_balanced_weights_agree_with_scikit_learn() -> None:
    counts = [3995, 436, 4097, 7215, 4830, 3171, 4965]
    labels = np.repeat(range(7), counts)
    expected = compute_class_weight("balanced", classes=np.arange(7), y=labels)
    assert balanced_weights(counts) == pytest.approx(expected.tolist())


@pytest.mark.parametrize("name", ["plain", "weighted", "focal", "soft", "multi_target"])
def test_means_of_uneven_shares_average_to_the_mean_of_the_whole_batch(name: str) -> None:
    torch.manual_seed(0)
    logits, labels = torch.randn(7, 3), torch.tensor([0, 0, 1, 2, 2, 1, 0])
    weights = [0.2, 1.0, 3.0]
    loss, targets = {
        "plain": (ClassificationLoss(), labels),
        "weighted": (ClassificationLoss(weights, smoothing=0.1), labels),
        "focal": (ClassificationLoss(weights, gamma=2.0), labels),
        "soft": (ClassificationLoss(weights), torch.rand(7, 3).softmax(dim=1)),
        "multi_target": (MultiTargetLoss(0.1), torch.eye(3)[labels]),
    }[name]
    shares = [
        loss(logits[rows], targets[rows]) * mean_share(loss.divisor, targets[rows], targets, 2)
        for rows in (slice(0, 3), slice(3, 7))
    ]
    assert torch.allclose(sum(shares) / 2, loss(logits, targets))
