"""Traps of the field: the README's table is true, and guards that no other file tests."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from lightning import LightningModule, Trainer
from torch import Tensor

from fer.data.data_sets import build_data
from fer.data.preprocessing import to_images
from fer.data.protocols import make_split
from fer.evaluation.metrics import headline, per_class
from fer.evaluation.tables import overall_markdown, overall_table
from fer.models.epoch_metrics import EpochMetrics
from tests.composing import settings
from tests.data.made import made_faces

HOME = Path(__file__).parents[1]
ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def rows() -> dict[int, str]:
    """The README's table: number of a trap to its tests."""
    readme = (HOME / "README.md").read_text(encoding="utf-8")
    section = readme.partition("## Fifteen traps")[2].partition("\n## ")[0]
    return {int(number): tests for number, _, _, tests in ROW.findall(section)}


def test_every_trap_has_its_row() -> None:
    assert list(rows()) == list(range(1, 16))


@pytest.mark.parametrize("number", range(1, 16))
def test_the_named_tests_exist(number: int) -> None:
    found = TEST.findall(rows()[number])
    assert found
    for file, name in found:
        tree = ast.parse((HOME / file).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


class Looks(LightningModule):
    """Keeps what it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.seen: dict[str, list[Tensor]] = {"train": [], "validation": [], "test": []}

    def training_step(self, batch: dict[str, Any]) -> Tensor:
        self.seen["train"].append(batch["image"])
        return self.weight * batch["image"].mean()

    def validation_step(self, batch: dict[str, Any]) -> None:
        self.seen["validation"].append(batch["image"])

    def predict_step(self, batch: dict[str, Any]) -> None:
        self.seen["test"].append(batch["image"])

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def test_only_training_batches_are_augmented(tmp_path: Path) -> None:
    small = ("data.train=14", "data.validation=14", "data.test=14", "augment=strong")
    chosen = settings(*small, f"paths.cache={tmp_path}")
    data, model = build_data(chosen), Looks()
    data.split = make_split(data.open(progress=False), chosen["protocol"])
    before = np.array(data.faces.images)
    trainer = Trainer(
        max_epochs=1,
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        num_sanity_val_steps=0,
        default_root_dir=tmp_path,
    )
    trainer.fit(model, data)
    data.predicted = data.split.test
    trainer.predict(model, datamodule=data, return_predictions=False)
    for part in ("validation", "test"):
        stored = torch.from_numpy(before[data.split.part(part)])
        assert torch.equal(torch.cat(model.seen[part]), to_images(stored, 48, 1)), part
    shown = torch.cat(model.seen["train"])
    stored = to_images(torch.from_numpy(before[data.split.train]), 48, 1)
    assert len(shown) == len(stored)
    assert not any((shown == image).flatten(1).all(dim=1).any() for image in stored)
    assert np.array_equal(data.faces.images, before) and not data.faces.images.flags.writeable


@pytest.mark.parametrize("name", ["kfold", "subject_kfold"])
def test_a_person_is_in_one_fold_over_all_classes(name: str) -> None:
    faces = made_faces(people=20)
    assert faces.subject is not None
    folds: dict[str, set[int]] = {person: set() for person in faces.subject.tolist()}
    for fold in range(5):
        protocol = {"name": name, "folds": 5, "fold": fold, "validation": 0.1, "seed": 3}
        tested = make_split(faces, protocol).test
        for person in faces.subject[tested].tolist():
            folds[person].add(fold)
            own = np.flatnonzero(faces.subject == person)
            assert np.isin(own, tested).all() and len(set(faces.labels[own])) == 7
    assert {len(found) for found in folds.values()} == {1}


def test_f1_is_never_said_without_its_mean() -> None:
    labels, odds = [0, 0, 0, 1], np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.4, 0.6]])
    figures = headline(labels, odds)
    assert figures["f1_macro"] == pytest.approx((0.8 + 2 / 3) / 2)
    assert figures["f1_weighted"] == pytest.approx((3 * 0.8 + 2 / 3) / 4)
    assert {name for name in figures if "f1" in name} == {"f1_macro", "f1_weighted"}
    logged = EpochMetrics("validation", 2, macro=True)
    logged.update(torch.tensor(1.0), torch.from_numpy(odds), torch.tensor(labels))
    logs = logged.finish()
    assert [name for name in logs if "f1" in name] == ["validation/f1_macro"]
    assert float(logs["validation/f1_macro"]) == pytest.approx(figures["f1_macro"])
    heads = [str(column.header) for column in overall_table({"m": (figures, {})}).columns]
    heads += overall_markdown({"m": (figures, {})}).splitlines()[0].split("|")
    named = [" ".join(head.split()) for head in heads if "F1" in head]
    assert sorted(named) == ["F1 macro", "F1 macro", "F1 wtd.", "F1 wtd."]
    assert per_class(labels, odds, ("a", "b"))[0]["f1"] == pytest.approx(0.8)  # of one class
