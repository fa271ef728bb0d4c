"""A finished run against its own test again, another part, other data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from fer.assessing.run_model import load_model
from fer.evaluation.predictions import Predictions
from fer.recognition.run_info import describe_run
from fer.runs.calibrations import one_view_calibration, stored_calibration
from tests.builders import fer2013_tree
from tests.end_to_end.commands import TINY, UNTRACKED, Copy, Done, contents, here, only_run

OTHER = ("data=synthetic", "data.train=14", "data.validation=14", "data.test=28")


def report(done: Done, name: str) -> dict[str, Any]:
    path = done.run.path / "evaluations" / name / "metrics.json"
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def probabilities(path: Path) -> Any:
    return Predictions.load(path / "predictions.csv").probabilities


def test_outside_a_test_a_face_is_seen_once_and_so_is_its_sureness_fitted(tmp_path: Path) -> None:
    told = here("train", *TINY, UNTRACKED, "test_time.flip=true", folder=tmp_path)
    assert told.status == 0, told.err
    run = only_run(tmp_path)
    mirrored, once = stored_calibration(run), one_view_calibration(run)
    assert once is not None and once != mirrored
    assert describe_run(run, load_model(run)).temperature == once.temperature
    run.calibration_of_one_view.unlink()  # as runs from before had none
    assert one_view_calibration(run) == mirrored
    words = (f"run={run.path}", "part=validation", "flip=false")
    assert here("evaluate", *words, folder=tmp_path).status == 0
    assert one_view_calibration(run) == once and stored_calibration(run) == mirrored


@pytest.mark.skipif(torch.cuda.is_available(), reason="here is a GPU")
def test_a_device_that_is_not_there(recorded: Done, copy: Copy) -> None:
    done = copy(recorded)
    told = here("evaluate", f"run={done.run.path}", "accelerator=gpu", folder=done.folder)
    assert told.status == 2 and "accelerator=gpu: torch finds none" in told.err


def test_own_test_comes_out_the_same(recorded: Done, copy: Copy) -> None:
    done = copy(recorded)
    before = contents(done.run.test)
    told = here("evaluate", f"run={done.run.path}", folder=done.folder)
    assert told.status == 0, told.err
    assert "identical to the stored test" in told.out
    assert report(done, "test")["metrics"] == done.run.results()["metrics"]
    assert report(done, "test")["intervals"] == done.run.results()["intervals"]
    for key in ("test_hash", "epoch", "protocol", "part", "n", "notes", "cautions", "test_time"):
        assert report(done, "test")[key] == done.run.results()[key], key
    assert set(contents(done.run.path / "evaluations" / "test")) == set(before)
    assert contents(done.run.test) == before
    looks = done.run.status["test_looks"]
    assert [look.get("by") for look in looks] == [None, "fer.evaluate"]
    assert [(look["part"], look["n"]) for look in looks] == [("private", 70)] * 2


def test_a_difference_is_told(recorded: Done, copy: Copy) -> None:
    done = copy(recorded)
    path = done.run.test / "metrics.json"
    results = json.loads(path.read_text())
    results["metrics"]["accuracy"] += 0.125
    path.write_text(json.dumps(results))
    told = here("evaluate", f"run={done.run.path}", folder=done.folder)
    assert "differs from the stored test by up to 0.12 in accuracy" in told.out
    assert "identical" not in told.out


@pytest.mark.parametrize("name", ["status.json", "test/metrics.json"])
@pytest.mark.parametrize("words", [["evaluate"], ["predict", "source=face.png"]])
def test_a_file_that_holds_a_list_is_told(
    recorded: Done, copy: Copy, name: str, words: list[str]
) -> None:
    done = copy(recorded)
    (done.run.path / name).write_text("[]")
    (done.folder / "face.png").write_bytes(b"")  # never opened
    told = here(*words, f"run={done.run.path}", folder=done.folder)
    assert told.status == 1
    assert told.err.startswith("error: ")
    assert f"{name} is damaged: it holds no JSON object; restore it" in told.err


def test_validation_part_is_no_look_at_the_test(recorded: Done, copy: Copy) -> None:
    done = copy(recorded)
    told = here("evaluate", f"run={done.run.path}", "part=validation", folder=done.folder)
    assert told.status == 0, told.err
    assert "synthetic, official, validation, n = 14" in told.out
    best = max(row["validation/accuracy"] for row in done.run.rows())
    assert report(done, "validation")["metrics"]["accuracy"] == pytest.approx(best)
    assert len(done.run.status["test_looks"]) == 1


def test_mirrored_views_go_to_their_own_folder(recorded: Done, copy: Copy) -> None:
    done = copy(recorded)
    told = here("evaluate", f"run={done.run.path}", "flip=true", folder=done.folder)
    assert told.status == 0, told.err
    assert "n = 70, mirrored too" in told.out
    assert "stored test" not in told.out
    assert [p.name for p in (done.run.path / "evaluations").iterdir()] == ["test-flip"]
    assert report(done, "test-flip")["test_time"] == {"flip": True, "crops": 1}
    mirrored = probabilities(done.run.path / "evaluations" / "test-flip")
    assert not np.allclose(mirrored, probabilities(done.run.test))


def test_other_drawn_people(recorded: Done, copy: Copy) -> None:
    done = copy(recorded)
    drawn = (*OTHER, "data.drawing_seed=5")
    told = here("evaluate", f"run={done.run.path}", *drawn, folder=done.folder)
    assert told.status == 0, told.err
    assert "synthetic, cross-data, all, n = 56" in told.out
    results = report(done, "synthetic-all")
    assert (results["n"], results["epoch"]) == (56, done.run.results()["epoch"])
    assert results["test_hash"] != done.run.results()["test_hash"]
    assert len(done.run.status["test_looks"]) == 1


def test_other_data_set_and_its_parts(recorded: Done, copy: Copy, tmp_path: Path) -> None:
    done, tree = copy(recorded), fer2013_tree(tmp_path / "tree", per_class=3)
    other = (f"run={done.run.path}", "data=fer2013", f"data.path={tree}")
    told = here("evaluate", *other, "part=private", folder=done.folder)
    assert told.status == 0, told.err
    assert "fer2013, cross-data, private, n = 21" in told.out
    results = report(done, "fer2013-private")
    assert (results["part"], results["n"]) == ("private", 21)
    assert {row["support"] for row in results["per_class"]} == {3}
    wrong = here("evaluate", *other, "part=validation", folder=done.folder)
    assert wrong.status == 2
    assert "part=validation: this data set has all, private, public, training" in wrong.err


def test_data_that_has_changed_is_refused(tmp_path: Path) -> None:
    tree = fer2013_tree(tmp_path / "tree")
    settings = [a for a in TINY if a.partition("=")[0] not in ("data.train", "data.test")]
    settings = [a for a in settings if not a.startswith("data.validation")]
    data = ("data=fer2013", f"data.path={tree}")
    assert here("train", *settings, UNTRACKED, *data, folder=tmp_path).status == 0
    run = only_run(tmp_path)
    same = here("evaluate", f"run={run.path}", folder=tmp_path)
    assert "identical to the stored test" in same.out
    before = contents(run.path)
    one, *_, other = sorted(tree.glob("train/*/*.jpg"))
    one.write_bytes(other.read_bytes())
    told = here("evaluate", f"run={run.path}", folder=tmp_path)
    assert told.status == 1
    assert "the data has changed since" in told.err
    assert contents(run.path) == before


@pytest.mark.parametrize(
    ("overrides", "status", "words"),
    [
        (["part=private"], 2, "part=private: choose train, validation, test"),
        (["crops=5"], 2, "crops=5: the run was not trained on crops"),
        (["crops=3"], 2, "crops=3 cannot be: choose null, 1, 5, 10"),
        (["flip=2"], 2, "flip=2 cannot be"),
        (["sure_accuracy=90"], 2, "sure_accuracy=90 cannot be: it is a number above 0 to 1"),
        (["sure_accuracy=0.8", *OTHER], 2, "sure_accuracy is fitted on the run's own validation"),
        (["heatmaps=true"], 2, "heatmaps=true cannot be: it is a whole number from 0 to 20"),
        (["robustness=[fog]"], 2, "robustness=['fog'] cannot be: a list of some of blur, noise"),
        (["robustness=[]"], 2, "robustness=[] cannot be"),
        (["robustness=blur"], 2, "robustness=blur cannot be: true, false or a list"),
        (["images=100"], 2, "images=100 cannot be: it is of robustness"),
        (["run=/nowhere"], 1, "/nowhere is no run folder"),
        (["data=fer2013", "data.path=/nowhere"], 1, "data.path=/nowhere does not exist"),
    ],
)
def test_what_cannot_be_evaluated(
    overrides: list[str], status: int, words: str, plain: Done
) -> None:
    before = contents(plain.folder)
    told = here("evaluate", f"run={plain.run.path}", *overrides, folder=plain.folder)
    assert told.status == status
    assert words in told.err
    assert len(told.err.splitlines()) == 1
    assert contents(plain.folder) == before


def test_run_must_be_named(tmp_path: Path) -> None:
    told = here("evaluate", folder=tmp_path)
    assert told.status == 2
    assert told.err == "error: run is missing: give it as run=...\n"


def test_unfinished_run_is_refused(cut: Done) -> None:
    told = here("evaluate", f"run={cut.run.path}", folder=cut.folder)
    assert told.status == 1
    assert "is failed: run its training command again first" in told.err


def test_faces_that_the_run_was_trained_on_are_told(recorded: Done, copy: Copy) -> None:
    """A smaller drawing by the same seed has faces of the training part, under the same label."""
    done = copy(recorded)
    told = here("evaluate", f"run={done.run.path}", *OTHER, folder=done.folder)
    assert told.status == 0, told.err
    copies, results = report(done, "synthetic-all")["copies"], report(done, "synthetic-all")
    assert (copies["in_training"], copies["conflicting"], copies["n_without"]) == (14, 0, 42)
    both = 14 * copies["accuracy_copies"] + 42 * copies["accuracy_without"]
    assert both == pytest.approx(56 * results["metrics"]["accuracy"])
    line = "14 of the 56 images are exact copies of training images; accuracy with them"
    assert line in told.out
    assert line in (done.run.path / "evaluations/synthetic-all/report.md").read_text()


def test_training_data_that_is_gone_cannot_be_compared(recorded: Done, copy: Copy) -> None:
    done = copy(recorded)
    status = done.run.path / "status.json"
    status.write_text(status.read_text().replace('"data_fingerprint": "', '"data_fingerprint": "0'))
    told = here("evaluate", f"run={done.run.path}", *OTHER, folder=done.folder)
    assert told.status == 0, told.err
    note = "copies of training faces could not be looked for: the run's own data has changed since"
    assert note in told.out and "copies:" not in told.out
    results = report(done, "synthetic-all")
    assert "copies" not in results
    assert any(line.startswith(note) for line in results["notes"])
