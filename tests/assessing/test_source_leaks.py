"""Runs that have met the test part may not be built on."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fer.assessing.source_leaks import check_leaks
from fer.data.data_sets import build_data
from fer.data.modules import FaceDataModule
from fer.data.protocols import make_split
from fer.errors import ConfigError
from fer.runs.folder import RunFolder
from fer.training.source_runs import settle_sources
from tests.builders import fer2013_tree
from tests.builders_pictures import (
    JAFFE_CODES,
    ckplus_small,
    ckplus_tree,
    jaffe_folder,
    picture,
)
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
    return [note.text for note in check_leaks(chosen, data)]


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


def test_only_figures_that_are_too_good_are_marked(tmp_path: Path) -> None:
    runs = [
        finished(tmp_path, "trained", *SMALL, train=range(60)),
        finished(tmp_path, "others", *SMALL, "data.drawing_seed=5"),
    ]
    found = {}
    for run in runs:
        (run.path / "weights.pth").write_bytes(b"weights")
        chosen, data = opened(tmp_path, *SMALL)
        chosen["model"]["weights"] = str(run.path / "weights.pth")
        settle_sources(chosen, data)
        assert len(data.split.notes) == 1
        found[run.path.name] = data.split.cautions == data.split.notes
        assert found[run.path.name] or data.split.cautions == ()
    assert found == {"trained": True, "others": False}


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
    assert "compared by name" in note.text and not note.caution


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


@pytest.mark.parametrize("way", ["distillation.teacher", "model.weights", "pseudo.run"])
def test_what_a_source_was_built_on_itself_counts(way: str, tmp_path: Path) -> None:
    first = finished(tmp_path, "first", *SMALL, *SWAPPED)
    second = finished(tmp_path, "second", *SMALL, f"{way}={first.path}")
    with pytest.raises(ConfigError, match=f"{way}: {first.path} was fitted to 28"):
        built_on(second, tmp_path, *SMALL)
    shutil.rmtree(first.path)
    notes = built_on(second, tmp_path, *SMALL)
    assert len(notes) == 1 and f"{first.path} is not there any more" in notes[0]


@pytest.mark.parametrize("file", ["checkpoints/best.ckpt", "other.pth"])
def test_a_file_of_weights_is_that_of_the_run_around_it(file: str, tmp_path: Path) -> None:
    run = finished(tmp_path, "a", *SMALL, *SWAPPED)
    (run.path / file).write_bytes(b"weights")
    chosen, data = opened(tmp_path, *SMALL, f"model.weights={run.path / file}")
    with pytest.raises(ConfigError, match=f"model.weights: {run.path} was fitted to 28 of"):
        check_leaks(chosen, data)
    chosen, data = opened(tmp_path, *SMALL, *SWAPPED, f"model.weights={run.path / file}")
    assert check_leaks(chosen, data) == []


def test_of_other_files_of_weights_nobody_can_tell(tmp_path: Path) -> None:
    file = tmp_path / "weights.pth"
    file.write_bytes(b"weights")
    chosen, data = opened(tmp_path, *SMALL, f"model.weights={file}")
    (note,) = check_leaks(chosen, data)
    assert note.text == (
        f"model.weights: {file} lies in no run folder, so nobody can tell whether it was trained "
        "on this test part"
    )
    chosen["model"]["weights"] = "imagenet"
    assert check_leaks(chosen, data) == []


def test_labels_of_a_run_that_has_met_the_test_part(tmp_path: Path) -> None:
    run = finished(tmp_path, "a", *SMALL, *SWAPPED)
    chosen, data = opened(tmp_path, *SMALL, f"pseudo.run={run.path}")
    with pytest.raises(ConfigError, match=f"pseudo.run: {run.path} was fitted to 28 of"):
        check_leaks(chosen, data)


RANDOM = "protocol=random_kfold"


def jaffe(folder: Path, *overrides: str, fold: int = 0) -> tuple[str, ...]:
    """The same pictures in every test; crops of another size are other data."""
    if not folder.exists():
        jaffe_folder(folder, people=5, each=1)
    shares = (f"protocol.fold={fold}", "protocol.validation=0.25")
    return ("data=jaffe", f"data.path={folder}", *overrides, *shares)


def test_the_same_pictures_in_another_size(tmp_path: Path) -> None:
    run = finished(tmp_path, "a", *jaffe(tmp_path / "jaffe", RANDOM, fold=1))
    other = jaffe(tmp_path / "jaffe", RANDOM, "data.faces.size=[96,96]")
    for way in ("model.weights", "distillation.teacher", "pseudo.run"):
        chosen, data = opened(tmp_path, *other, f"{way}={run.path}")
        with pytest.raises(ConfigError, match=rf"{way}: .* fitted to 7 of this protocol's 7 test"):
            check_leaks(chosen, data)
    second = finished(tmp_path, "b", *other, f"pseudo.run={run.path}")
    with pytest.raises(ConfigError, match=rf"pseudo\.run: {run.path} was fitted to"):
        built_on(second, tmp_path, *other)


def test_the_same_files_under_other_names(tmp_path: Path) -> None:
    """As a folder of classes, and in another size: neither names nor pixels agree."""
    ours = jaffe(tmp_path / "jaffe", RANDOM)
    for number, file in enumerate(sorted((tmp_path / "jaffe").glob("*.tiff"))):
        copy = tmp_path / "tree" / JAFFE_CODES[number % 7] / f"{number}.tiff"
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    theirs = ("data=folder", f"data.path={tmp_path / 'tree'}", "data.classes=folders", RANDOM)
    theirs = (*theirs, "protocol.validation=0.25")
    run = finished(tmp_path, "a", *theirs)
    _, own = opened(tmp_path, *ours)
    _, other = opened(tmp_path, *theirs)
    assert own.faces.file_hashes is not None and other.faces.file_hashes is not None
    seen = other.faces.file_hashes[np.concatenate([other.split.train, other.split.validation])]
    tested = own.faces.file_hashes[own.split.test]
    met = sum(any(np.array_equal(row, each) for each in seen) for row in tested)
    assert met > 0
    with pytest.raises(ConfigError, match=f"was fitted to {met} of this protocol's 7 test"):
        built_on(run, tmp_path, *ours)


def test_the_same_people_in_another_copy(tmp_path: Path) -> None:
    """Other pictures of them, under other names: CK+48 beside the original tree."""
    ckplus_tree(tmp_path / "tree", people=4)
    ckplus_small(tmp_path / "small", people=4)
    for person in range(4):  # in the tree they are S005, S010, S015, S020
        for file in (tmp_path / "small").rglob(f"S{10 + person:03}_*.png"):
            subject = f"S{100 + person}" if person == 0 else f"S{5 * person + 5:03}"
            file.rename(file.with_name(f"{subject}{file.name[4:]}"))
    tree = ("data=ckplus", f"data.path={tmp_path / 'tree'}", "protocol.folds=4")
    small = ("data=ckplus", f"data.path={tmp_path / 'small'}", "protocol.folds=4")
    run = finished(tmp_path, "a", "protocol=kfold", *small)
    _, theirs = opened(tmp_path, "protocol=kfold", *small)
    assert theirs.faces.subject is not None
    seen = np.concatenate([theirs.split.train, theirs.split.validation])
    known, refused = set(theirs.faces.subject[seen]), 0
    for fold in range(4):
        ours = ("protocol=kfold", *tree, f"protocol.fold={fold}")
        _, data = opened(tmp_path, *ours)
        assert data.faces.subject is not None
        if known & set(data.faces.subject[data.split.test]):
            refused += 1
            with pytest.raises(ConfigError, match="or to the people on them"):
                built_on(run, tmp_path, *ours)
        else:
            (note,) = built_on(run, tmp_path, *ours)
            assert "compared by name, file and person" in note
    assert refused == len(known & {"S005", "S010", "S015", "S020"}) > 0
    random = (*tree, "protocol.fold=0")
    (note,) = built_on(run, tmp_path, RANDOM, *random)
    assert "compared by name and file, not" in note


def test_equal_names_in_two_folders_of_somebody_s_own_are_two_pictures(tmp_path: Path) -> None:
    for name, first in (("one", 0), ("two", 100)):
        for label in ("happy", "sad"):
            for number in range(10):
                picture(
                    tmp_path / name / label / f"{number}.png", int(label == "sad"), first + number
                )
    one, two = (("data=folder", f"data.path={tmp_path / name}", RANDOM) for name in ("one", "two"))
    run = finished(tmp_path, "a", *one, "protocol.fold=1")
    (note,) = built_on(run, tmp_path, *two)
    assert "compared by name and file" in note
    with pytest.raises(ConfigError, match="was fitted to"):
        built_on(run, tmp_path, *one)
