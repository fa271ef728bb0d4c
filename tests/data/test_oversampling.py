"""Rare classes shown more often, each time augmented anew."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from fer.data.data_sets import build_data
from fer.data.modules import FaceDataModule
from fer.data.protocols import make_split
from fer.training.building import build_model
from tests.composing import settings

SMALL = ("data.train=35", "data.validation=14", "data.test=14", "data.batch_size=8")


def opened(cache: Path, *overrides: str) -> FaceDataModule:
    chosen = settings(*SMALL, f"paths.cache={cache}", *overrides)
    data = build_data(chosen)
    data.split = make_split(data.open(progress=False), chosen["protocol"])
    return data


def drawn(data: FaceDataModule, epoch: int) -> list[dict[str, Tensor]]:
    loader = data.train_dataloader()
    loader.sampler.set_epoch(epoch)  # type: ignore[union-attr]
    return list(loader)


def test_classes_come_as_often_as_asked(tmp_path: Path) -> None:
    data = opened(tmp_path, "data.oversample={disgust:4,sad:2}")
    for epoch in (0, 1):
        batches = drawn(data, epoch)
        labels = torch.cat([batch["label"] for batch in batches])
        assert labels.bincount().tolist() == [5, 20, 5, 5, 10, 5, 5]
        assert [len(batch["label"]) for batch in batches] == [8] * 6 + [7]
        counts = np.bincount(torch.cat([batch["index"] for batch in batches]))
        disgust = data.split.train[data.faces.labels[data.split.train] == 1]
        assert counts[disgust].tolist() == [4] * 5
    orders = [torch.cat([b["index"] for b in drawn(data, epoch)]).tolist() for epoch in (0, 0, 1)]
    assert orders[0] == orders[1] != orders[2]


def test_without_it_every_image_comes_once(tmp_path: Path) -> None:
    data = opened(tmp_path)
    assert data.epoch()[1].tolist() == data.split.train.tolist()


def test_validation_and_statistics_are_of_the_images_themselves(tmp_path: Path) -> None:
    plain, often = opened(tmp_path), opened(tmp_path, "data.oversample={disgust:9}")
    assert len(often.epoch()[1]) == 35 + 8 * 5
    assert often.statistics() == plain.statistics()
    assert sum(len(batch["label"]) for batch in often.val_dataloader()) == 14


def test_repeats_are_augmented_each_in_its_own_way(tmp_path: Path) -> None:
    data = opened(tmp_path, "augment=zhu2023")
    one = torch.from_numpy(np.asarray(data.faces.images[:1])).float().div(255).unsqueeze(1)
    torch.manual_seed(0)
    seen = data.augmentation(one.expand(8, -1, -1, -1).clone())
    assert len(torch.unique(seen.flatten(1), dim=0)) == 8


def test_balanced_weights_know_of_it(tmp_path: Path) -> None:
    overrides = ("loss.class_weights=balanced", "data.oversample={disgust:2}")
    data = opened(tmp_path, *overrides)
    model = build_model(settings(*SMALL, "model.backbone=test_resnet", *overrides), data)
    weights = model.hparams["loss"]["class_weights"]
    assert weights == pytest.approx([40 / 35, 40 / 70] + [40 / 35] * 5)
