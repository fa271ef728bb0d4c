"""`fer.audit` on planted copies, conflicts, bad files, people; what a run tells of copies."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.builders import fer2013_tree
from tests.end_to_end.commands import TINY, UNTRACKED, Copy, Done, here, only_run

SMALL = ("data=synthetic", "data.train=84", "data.validation=28", "data.test=28")


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """FER2013's folder with copies, a near copy, a blank picture and a bad file.

    `Training_0.jpg` of angry is also a private image under angry, and one of training under sad;
    of happy a public image of the same class. The private image 2001 of fear is the training image
    1 of fear in other light. The first training image of neutral is black.
    """
    tree = fer2013_tree(tmp_path_factory.mktemp("planted") / "tree", per_class=3)
    angry = (tree / "train/angry/Training_0.jpg").read_bytes()
    (tree / "test/angry/PrivateTest_2000.jpg").write_bytes(angry)
    (tree / "train/sad/Training_0.jpg").write_bytes(angry)
    happy = (tree / "train/happy/Training_1.jpg").read_bytes()
    (tree / "test/happy/PublicTest_1002.jpg").write_bytes(happy)
    fear = np.asarray(Image.open(tree / "train/fear/Training_1.jpg"))
    lit = Image.fromarray((fear * 0.5 + 60).astype(np.uint8))
    lit.save(tree / "test/fear/PrivateTest_2001.jpg", quality=95)
    Image.new("L", (48, 48)).save(tree / "train/neutral/Training_0.jpg")
    (tree / "train/surprise/Training_2.jpg").write_bytes(b"not a picture")
    return tree


@pytest.fixture(scope="module")
def audited(planted: Path) -> Path:
    """The folder of an audit of it."""
    folder = planted.parent
    data = ("data=fer2013", f"data.path={planted}", "protocols.random_kfold.validation=0.3")
    told = here("audit", *data, folder=folder)
    assert told.status == 0, told.err
    (folder / "told.txt").write_text(told.out)
    (found,) = (folder / "outputs" / "audit").iterdir()
    return found


def story(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "audit.json").read_text())
    return content


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(newline="") as file:
        return list(csv.DictReader(file))


def test_planted_copies_are_found(audited: Path) -> None:
    found = story(audited)
    exact = found["exact_copies"]
    assert (exact["further"], exact["groups"], exact["groups_across_parts"]) == (3, 2, 2)
    assert exact["groups_with_conflicting_labels"] == 1
    assert exact["in_training"] == {"public": 1, "private": 1}
    assert exact["by_bytes"] == {"distinct": 59, "further": 3, "groups": 2}
    assert audited.name == f"fer2013-{found['fingerprint'][:8]}"
    listed = [(row["group"], row["name"]) for row in rows(audited, "exact_copies.csv")]
    assert len(listed) == 5
    groups = [{name for group, name in listed if group == number} for number in ("1", "2")]
    assert {
        "train/angry/Training_0.jpg",
        "test/angry/PrivateTest_2000.jpg",
        "train/sad/Training_0.jpg",
    } in groups
    conflicts = rows(audited, "conflicting_labels.csv")
    assert sorted(row["class"] for row in conflicts) == ["angry", "angry", "sad"]


def test_planted_near_copy_is_found(audited: Path) -> None:
    (pair,) = rows(audited, "near_copies.csv")
    assert {pair["first_name"], pair["second_name"]} == {
        "train/fear/Training_1.jpg",
        "test/fear/PrivateTest_2001.jpg",
    }
    assert float(pair["distance"]) < 0.2 and pair["mirrored"] == "False"
    assert story(audited)["near_copies"]["in_training"] == {"public": 0, "private": 1}


def test_every_protocol_has_its_row(audited: Path) -> None:
    found = {row["protocol"]: row for row in story(audited)["protocols"]}
    official = found["official"]
    assert (official["n"], official["exact"], official["near"]) == (21, 1, 1)
    assert official["person"] is None
    assert "does not say who is on a picture" in found["subject_kfold"]["why"]
    assert found["random_kfold"]["n"] == 62


def test_bad_files_never_stop_an_audit(audited: Path) -> None:
    bad = {row["name"]: row for row in rows(audited, "bad_files.csv")}
    assert set(bad) == {"train/surprise/Training_2.jpg", "train/neutral/Training_0.jpg"}
    assert bad["train/surprise/Training_2.jpg"]["left_out"] == "True"
    assert bad["train/neutral/Training_0.jpg"]["reason"].startswith("blank")


def test_the_terminal_tells_the_main_figures(audited: Path) -> None:
    told = " ".join((audited.parents[2] / "told.txt").read_text().split())
    for words in (
        "3 further copies in 2 groups, 2 across parts",
        "1 group of exact copies",
        "1 bad file left out",
        "not the official 28,709",
        "2 of the 21 test images of protocol official (private) have an exact or near copy in "
        "training",
    ):
        assert words in told


def test_the_page_needs_nothing_else_and_tells_the_same(audited: Path) -> None:
    page = (audited / "audit.html").read_text()
    assert "drawn faces" not in page
    assert "http://" not in page and "https://" not in page and "<script" not in page
    assert page.count("data:image/png;base64,") > 50
    for words in (
        "near_copies.cosine=0.9 near_copies.distance=0.28 near_copies.mirrored=true",
        "not the official 28,709",
        "One picture, several labels",
        "train/sad/Training_0.jpg",
        "test/fear/PrivateTest_2001.jpg",
        "Pictures that show nothing",
        "train/surprise/Training_2.jpg",
        'href="near_copies.csv"',
    ):
        assert words in page


def test_a_run_tells_its_accuracy_without_copies(planted: Path, audited: Path) -> None:
    own = ("data.train", "data.validation", "data.test=")
    settings = [a for a in TINY if not a.startswith(own)]
    data = ("data=fer2013", f"data.path={planted}", "data.on_bad_file=skip")
    told = here("train", *settings, UNTRACKED, *data, folder=planted.parent)
    assert told.status == 0, told.err
    run = only_run(planted.parent)
    results = run.results()
    copies = results["copies"]
    assert (copies["in_training"], copies["conflicting"], copies["n_without"]) == (1, 1, 20)
    both = 20 * copies["accuracy_without"] + copies["accuracy_copies"]
    assert both == pytest.approx(21 * results["metrics"]["accuracy"])
    line = "1 of the 21 images are exact copies of training images, 1 of them under another class"
    assert line in told.out and line in (run.test / "report.md").read_text()
    assert any("28,709" in note for note in results["notes"])
    again = here("evaluate", f"run={run.path}", folder=planted.parent)
    assert line in again.out and "identical to the stored test" in again.out
    stored = json.loads((run.path / "evaluations/test/metrics.json").read_text())
    assert stored["copies"] == copies

    moved = planted.rename(planted.with_name("moved"))
    try:
        gone = here("audit", f"run={run.path}", folder=planted.parent)
        assert gone.status == 1 and f"no longer at {planted}" in gone.err
        told = here("audit", f"run={run.path}", f"data_path={moved}", folder=planted.parent)
        assert told.status == 0, told.err
    finally:
        moved.rename(planted)


def test_people_are_told_for_each_protocol(tmp_path: Path) -> None:
    told = here("audit", *SMALL, folder=tmp_path)
    assert told.status == 0, told.err
    (folder,) = (tmp_path / "outputs" / "audit").iterdir()
    found = {row["protocol"]: row for row in story(folder)["protocols"]}
    assert found["official"]["person"] == found["subject_kfold"]["person"] == 0
    assert found["random_kfold"]["person"] > 100
    assert story(folder)["people"] == {"number": 10, "in_several_parts": 0}
    for text in (told.out, (folder / "audit.html").read_text()):
        assert "people on both sides" in text
        assert "drawn faces are alike by construction" in text
    assert rows(folder, "exact_copies.csv") == rows(folder, "bad_files.csv") == []


def test_doubtful_labels_of_a_run(recorded: Done, copy: Copy) -> None:
    done = copy(recorded)
    told = here("audit", f"run={done.run.path}", folder=done.folder)
    assert told.status == 0, told.err
    (folder,) = (done.folder / "outputs" / "audit").iterdir()
    doubtful = story(folder)["doubtful_labels"]
    listed = rows(folder, "doubtful_labels.csv")
    assert doubtful["tested"] == 70 and doubtful["candidates"] == len(listed) > 0
    sure = [float(row["confidence_in_label"]) for row in listed]
    assert sure == sorted(sure)
    assert all(row["part"] == "private" and row["class"] != row["suggested"] for row in listed)
    assert "Doubtful labels" in (folder / "audit.html").read_text()
    same = here("audit", f"run=[{done.run.path},{done.run.path}]", folder=done.folder)
    assert same.status == 1 and "two of the runs tested the same faces" in same.err


def test_predictions_that_do_not_match_the_data(recorded: Done, copy: Copy) -> None:
    done = copy(recorded)
    other = here("audit", f"run={done.run.path}", *SMALL, folder=done.folder)
    assert other.status == 1 and "was trained on other data than this" in other.err
    path = done.run.test / "predictions.csv"
    path.write_text(path.read_text().replace("synthetic/0/", "synthetic/9/", 3))
    told = here("audit", f"run={done.run.path}", folder=done.folder)
    assert told.status == 1
    assert "3 of its 70 tested faces are not in this data" in told.err
    assert len(told.err.splitlines()) == 1


def test_missing_cleanlab_is_told(recorded: Done, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cleanlab.filter", None)
    told = here("audit", f"run={recorded.run.path}", folder=recorded.folder)
    assert told.status == 2
    assert "pip install 'fer-experiments[audit]'" in told.err
    assert len(told.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("overrides", "status", "words"),
    [
        ([], 2, "data and run are missing"),
        (["run=/nowhere"], 1, "/nowhere is no run folder"),
        (["data=fer2013", "data.path=/nowhere"], 1, "data.path=/nowhere does not exist"),
        ([*SMALL, "near_copies.distance=2"], 2, "near_copies.distance=2 cannot be"),
        ([*SMALL, "near_copies.cosine=0.2"], 2, "near_copies.cosine=0.2 cannot be"),
        ([*SMALL, "shown=-1"], 2, "shown=-1 cannot be"),
        ([*SMALL, "protocols.kfold.folds=1"], 2, "protocols.kfold.folds=1 cannot be"),
        ([*SMALL, "run=[]"], 2, "run=[] cannot be"),
        ([*SMALL, "data_path=/nowhere"], 2, "with data=... use data.path"),
        (["run=/nowhere", "data.path=x"], 2, "choose one first, as data="),
    ],
)
def test_what_cannot_be_audited(
    overrides: list[str], status: int, words: str, tmp_path: Path
) -> None:
    told = here("audit", *overrides, folder=tmp_path)
    assert told.status == status
    assert words in told.err and len(told.err.splitlines()) == 1
    assert not (tmp_path / "outputs" / "audit").exists()


def test_an_unfinished_run_is_refused(cut: Done) -> None:
    told = here("audit", f"run={cut.run.path}", folder=cut.folder)
    assert told.status == 1
    assert "is failed: it has no test predictions yet" in told.err
