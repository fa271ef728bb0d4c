from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from fer.models.classifiers import FaceClassifier
from fer.models.distillation import Teacher

Make = Callable[..., FaceClassifier]
SMALL = ("model=resnet18", "model.backbone=test_resnet")


class Sees(nn.Module):
    """Says the same whatever it sees, and remembers what it saw."""

    def __init__(self, logits: Tensor) -> None:
        super().__init__()
        self.logits = nn.Parameter(logits)
        self.seen: list[Tensor] = []

    def forward(self, images: Tensor) -> Tensor:
        self.seen.append(images)
        return self.logits.expand(len(images), -1)


def test_loss_computed_by_hand() -> None:
    """Two classes, temperature 2: the teacher's softened answer is 3/4, the student's 1/2."""
    teacher = Teacher(Sees(torch.tensor([2 * 3.0, 2.0]).log() * 2), 1, 8, 2.0, 0.3)
    logits = torch.zeros(4, 2, requires_grad=True)
    distance = 0.75 * torch.log(torch.tensor(1.5)) + 0.25 * torch.log(torch.tensor(0.5))
    mixed = teacher.guide(torch.tensor(1.25), logits, torch.rand(4, 1, 8, 8))
    assert float(mixed) == pytest.approx(0.7 * 1.25 + 0.3 * 4 * float(distance), rel=1e-5)
    mixed.backward()
    assert logits.grad is not None and (logits.grad[:, 0] < 0).all()


def test_a_student_that_agrees_pays_for_its_labels_alone() -> None:
    answer = torch.tensor([1.0, -2.0, 0.5])
    teacher = Teacher(Sees(answer), 1, 8, 4.0, 0.4)
    mixed = teacher.guide(torch.tensor(2.0), answer.expand(5, -1), torch.rand(5, 1, 8, 8))
    assert float(mixed) == pytest.approx(0.6 * 2.0, abs=1e-5)


def test_images_are_brought_to_what_the_teacher_knows() -> None:
    model = Sees(torch.zeros(7))
    images = torch.rand(2, 1, 8, 8)
    Teacher(model, 1, 8, 4.0, 0.5).answer(images)
    assert torch.equal(model.seen[0], images)
    Teacher(model, 3, 16, 4.0, 0.5).answer(images)
    assert model.seen[1].shape == (2, 3, 16, 16)
    assert model.seen[1].min() >= 0 and model.seen[1].max() <= 1
    assert model.seen[1].mean() == pytest.approx(float(images.mean()), abs=0.05)


def test_a_teacher_neither_learns_nor_belongs_to_its_student(make_classifier: Make) -> None:
    student, model = make_classifier(*SMALL), make_classifier(*SMALL, "model.dropout=0.5").train()
    names, size = list(student.state_dict()), sum(p.numel() for p in student.parameters())
    student.teacher = Teacher(model, 1, 48, 4.0, 0.5)
    assert list(student.state_dict()) == names
    assert sum(p.numel() for p in student.parameters()) == size
    student.train()
    assert not any(module.training for module in model.modules())
    before = {key: value.clone() for key, value in model.state_dict().items()}
    batch = {"image": torch.rand(8, 1, 48, 48), "label": torch.arange(8) % 7}
    student.training_step(batch, 0).backward()
    assert all(p.grad is None for p in model.parameters())
    assert all(p.grad is not None for p in student.network.parameters())
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_a_teacher_sees_the_images_that_its_student_sees(make_classifier: Make) -> None:
    student, model = make_classifier(*SMALL), Sees(torch.zeros(7))
    student.teacher = Teacher(model, 1, 32, 4.0, 0.5)
    seen: list[Tensor] = []
    student.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    images = torch.rand(8, 1, 32, 32)
    student.training_step({"image": images, "label": torch.arange(8) % 7}, 0)
    assert torch.equal(seen[0], model.seen[0])
