"""One real training on a small copy of each data set of pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fer.data.faces import EXPRESSIONS, SEVEN
from tests.builders_pictures import (
    affectnet_tree,
    ckplus_small,
    ckplus_tree,
    class_tree,
    jaffe_folder,
    rafdb_tree,
    sfew2_tree,
    sfew_tree,
)
from tests.end_to_end.commands import TINY, UNTRACKED, Told, here, only_run

SMALL = [a for a in TINY if not a.startswith(("data.train", "data.validation", "data.test"))]
SHARE = "protocol.validation=0.25"
WEIGHTS = "loss.class_weights=[1,1,1,1,1,1,1,2]"
NO_NEUTRAL = (*EXPRESSIONS[:6], "contempt")


def own_tree(folder: Path) -> Path:
    for part in ("train", "test"):
        class_tree(folder / part, ("yawning", "awake"))
    return folder


CASES: dict[str, tuple[Callable[[Path], Path], list[str], tuple[str, ...], str]] = {
    "ckplus": (ckplus_tree, ["protocol=kfold", "protocol.folds=3"], EXPRESSIONS, "fold 0"),
    "ckplus small": (ckplus_small, ["protocol=kfold", "protocol.folds=3"], NO_NEUTRAL, "fold 0"),
    "jaffe": (jaffe_folder, ["protocol=subject_kfold", "protocol.fold=2"], SEVEN, "fold 2"),
    "sfew": (sfew_tree, ["protocol=holdout", "protocol.ratios=[0.5,0.25,0.25]"], SEVEN, "holdout"),
    "sfew 2": (sfew2_tree, [SHARE], SEVEN, "test"),
    "rafdb": (rafdb_tree, [SHARE], SEVEN, "test"),
    "affectnet": (
        affectnet_tree,
        [SHARE, WEIGHTS],
        EXPRESSIONS,
        "test",
    ),
    "folder": (own_tree, [SHARE, "data.classes=folders"], ("awake", "yawning"), "test"),
}


def trained(name: str, path: Path, *overrides: str, folder: Path) -> Told:
    """`data=<name>` in the smallest training there is."""
    where = [f"data={name}", f"data.path={path}"]
    return here("train", *SMALL, UNTRACKED, *where, *overrides, folder=folder)


@pytest.mark.parametrize("case", CASES)
def test_training(case: str, tmp_path: Path) -> None:
    make, overrides, classes, part = CASES[case]
    told = trained(case.split()[0], make(tmp_path / "its data"), *overrides, folder=tmp_path)
    assert told.status == 0, told.err
    results = only_run(tmp_path).results()
    assert tuple(results["classes"]) == classes
    assert results["part"].startswith(part) and results["n"] > 0
    assert f"; {len(classes)} classes" in told.out


def test_how_faces_are_made_is_kept_with_the_run(tmp_path: Path) -> None:
    """Crop and size, the list of exclusions: tested again from elsewhere, the same pixels come."""
    tree = jaffe_folder(tmp_path / "jaffe")
    (tmp_path / "exclude.txt").write_text("KA.AN1.1.tiff\n")
    made = ("data.exclude=exclude.txt", "data.faces.size=[56,64]", "data.faces.levels=equalize")
    told = trained("jaffe", tree, "protocol=kfold", *made, folder=tmp_path)
    assert told.status == 0, told.err
    run = only_run(tmp_path)
    assert run.settings["data"]["exclude"] == str(tmp_path / "exclude.txt")
    assert run.settings["data"]["faces"]["size"] == [56, 64]
    assert "1 names on data.exclude's list left out" in run.status["notes"]
    (tmp_path / "elsewhere").mkdir()
    again = here("evaluate", f"run={run.path}", folder=tmp_path / "elsewhere")
    assert again.status == 0, again.err
    assert "identical to the stored test" in again.out


@pytest.mark.parametrize(
    ("overrides", "status", "words"),
    [
        ([], 2, ["protocol.validation=public", "training, test", "protocol.validation=0.1"]),
        ([SHARE, "protocol.test=public"], 2, ["protocol.test=public", "training, test"]),
        ([SHARE, "loss.class_weights=[1,2]"], 2, ["loss.class_weights=[1, 2]", "angry, disgust"]),
        ([SHARE, "data.exclude=gone.txt"], 1, ["data.exclude=", "gone.txt"]),
        ([SHARE, "data.path=nowhere"], 1, ["nowhere does not exist", "list_patition_label.txt"]),
        ([SHARE, "data.path=null"], 1, ["RAF-DB: not found", "data.path"]),
    ],
)
def test_one_message(overrides: list[str], status: int, words: list[str], tmp_path: Path) -> None:
    told = trained("rafdb", rafdb_tree(tmp_path / "raf"), *overrides, folder=tmp_path)
    assert told.status == status
    (message,) = [line for line in told.err.splitlines() if line.startswith("error: ")]
    assert [word for word in words if word not in message] == []
    assert "Traceback" not in told.err and not list(tmp_path.glob("outputs/default"))


def test_another_data_set_is_tested_on_its_test_part(tmp_path: Path) -> None:
    tree = rafdb_tree(tmp_path / "raf")
    told = trained("sfew", sfew_tree(tmp_path / "sfew"), *CASES["sfew"][1], folder=tmp_path)
    assert told.status == 0, told.err
    other = [f"run={only_run(tmp_path).path}", "data=rafdb", f"data.path={tree}"]
    for part, count in (("test", 14), ("training", 28), ("all", 42)):
        told = here("evaluate", *other, f"part={part}", folder=tmp_path)
        assert told.status == 0, told.err
        assert f"rafdb, cross-data, {part}, n = {count}" in told.out
        assert ("parts test, training together" in told.out) == (part == "all")
