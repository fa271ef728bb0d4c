"""Runs that have met the test part may not be built on."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fer.data.data_sets import build_data
from fer.data.modules import FaceDataModule
from fer.data.protocols import make_split
from fer.errors import ConfigError
from fer.leaks import check_leaks
from fer.runs.folder import RunFolder
from tests.builders import fer2013_tree
from tests.composing import settings

SMALL = ("data.train=56", "data.validation=28", "data.test=28")
"""Four people, two and two; each has fourteen faces in a row."""

SWAPPED = ("protocol.test=public", "protocol.validation=private")
LARGER = ("data.train=112", "data.validation=28", "data.test=56", *SWAPPED)


def opened(folder: Path, *overrides: str) -> tuple[dict[str, Any], FaceDataModule]:
    chosen = settings(f"paths.cache={folder.parent / 'cache'}", *overrides)  # for all tests
    data = build_data(chosen)
    data.split = make_split(data.open(progress=False), chosen["protocol"])
    return chosen, data


def finished(folder: Path, name: str, *overrides: str, **parts: Any) -> RunFolder:
    """A run folder as far as its settings, data and parts."""
    chosen, data = opened(folder, *overrides)
    run = RunFolder(folder / name)
    run.create(chosen, data_fingerprint=data.faces.fingerprint)
    replace(data.split, **{k: np.array(v) for k, v in parts.items()}).save(run.split)
    return run


def built_on(run: RunFolder, folder: Path, *overrides: str) -> list[str]:
    chosen, data = opened(folder, *overrides)
    chosen["model"] = {"kind": "blend", "members": [str(run.path)]}
    return check_leaks(chosen, data)


def test_the_same_parts_are_no_leak(tmp_path: Path) -> None:
    assert built_on(finished(tmp_path, "a", *SMALL), tmp_path, *SMALL) == []


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ([*SWAPPED], []),
        (["protocol=random_kfold"], ["protocol=random_kfold", "protocol.fold=1"]),
        (["protocol=random_kfold"], ["protocol=subject_kfold", "protocol.folds=4"]),
    ],
)
def test_test_images_that_were_trained_or_selected_on_are_a_leak(
    theirs: list[str], ours: list[str], tmp_path: Path
) -> None:
    run = finished(tmp_path, "a", *SMALL, *theirs)
    with pytest.raises(ConfigError, match=f"model.members: {run.path} was fitted to"):
        built_on(run, tmp_path, *SMALL, *ours)


def test_other_parts_are_no_leak_where_they_do_not_meet(tmp_path: Path) -> None:
    share = "protocol.validation=0.25"
    run = finished(tmp_path, "a", *SMALL, "protocol.test=public", share)
    assert built_on(run, tmp_path, *SMALL, "protocol.test=both", share) == []


def test_other_pictures_of_the_tested_people(tmp_path: Path) -> None:
    """Face 84 and the thirteen after it show one person of the test part."""
    run = finished(tmp_path, "a", *SMALL, train=range(84, 90))
    random = ("protocol=random_holdout", "protocol.ratios=[0.8,0.2]")
    with pytest.raises(ConfigError, match="14 of this protocol's 28 test images, or to the people"):
        built_on(run, tmp_path, *SMALL)
    _, data = opened(tmp_path, *SMALL, *random)
    blind = [int(i) for i in data.split.train if 84 <= i < 98]
    other = finished(tmp_path, "b", *SMALL, train=blind, validation=[])
    assert built_on(other, tmp_path, *SMALL, *random) == []


def test_validation_images_that_were_trained_on_are_told(tmp_path: Path) -> None:
    run = finished(tmp_path, "a", *SMALL, train=range(60))
    assert built_on(run, tmp_path, *SMALL) == [
        "model.members: a was trained on 4 of the 28 validation images, so validation figures are "
        "too good"
    ]


def test_a_larger_copy_of_the_data_is_compared_by_name(tmp_path: Path) -> None:
    larger = finished(tmp_path, "a", *LARGER)
    with pytest.raises(ConfigError, match="was fitted to 28 of this protocol's 28 test images"):
        built_on(larger, tmp_path, *SMALL)
    others = finished(tmp_path, "b", *SMALL, "data.drawing_seed=5")
    assert built_on(others, tmp_path, *SMALL) == [
        "model.members: b was trained on other data (synthetic): faces were compared by name, not "
        "by what they show"
    ]


def test_in_another_data_set_a_name_must_stand_for_the_same_picture(tmp_path: Path) -> None:
    run = finished(tmp_path, "a", *LARGER)
    chosen, data = opened(tmp_path, *SMALL)
    chosen["distillation"]["teacher"] = str(run.path)
    data.data = {**data.data, "name": "relabelled"}
    with pytest.raises(ConfigError, match=r"distillation\.teacher: .* fitted to 28 of"):
        check_leaks(chosen, data)
    data.faces = replace(data.faces, images=255 - data.faces.images)
    (note,) = check_leaks(chosen, data)
    assert "compared by name" in note


def test_data_that_is_gone_or_has_changed_is_told(tmp_path: Path) -> None:
    tree = fer2013_tree(tmp_path / "tree")
    run = finished(tmp_path, "a", "data=fer2013", f"data.path={tree}")
    one, *_, other = sorted(tree.glob("train/*/*.jpg"))
    one.write_bytes(other.read_bytes())
    (note,) = built_on(run, tmp_path, *SMALL)
    assert "other data (fer2013) that has changed since" in note
    shutil.rmtree(tree)
    (note,) = built_on(run, tmp_path, *SMALL)
    assert "other data (fer2013) that is not there any more" in note


@pytest.mark.parametrize("way", ["distillation.teacher", "model.weights"])
def test_what_a_source_was_built_on_itself_counts(way: str, tmp_path: Path) -> None:
    first = finished(tmp_path, "first", *SMALL, *SWAPPED)
    second = finished(tmp_path, "second", *SMALL, f"{way}={first.path}")
    with pytest.raises(ConfigError, match=f"{way}: {first.path} was fitted to 28"):
        built_on(second, tmp_path, *SMALL)
    shutil.rmtree(first.path)
    notes = built_on(second, tmp_path, *SMALL)
    assert len(notes) == 1 and f"{first.path} is not there any more" in notes[0]
