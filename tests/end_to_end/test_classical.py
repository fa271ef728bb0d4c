"""Classical models through the same command, beside a network, and into the same run folder."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import pytest
import torch

import fer.training.classical
from fer.data.faces import SEVEN
from fer.runs.folder import RunFolder
from tests.end_to_end.commands import TINY, UNTRACKED, Copy, Done, contents, here, only_run, runs

SMALL = (*(word for word in TINY if not word.startswith("model.")), UNTRACKED)
FEW = ("model.components=8", "model.neighbours=[1,3]", "model.mixtures=[1,2]")


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """A network and a classical model. Not to be changed."""
    folder = tmp_path_factory.mktemp("classical")
    arguments = ("-m", *SMALL, "data.train=140", "data.test=70", "model=timm,lbp_svm")
    return Done(folder, arguments, here("train", *arguments, folder=folder))


def classical(done: Done) -> RunFolder:
    return next(run for run in runs(done.folder) if run.path.name.startswith("lbp_svm"))


def network(done: Done) -> RunFolder:
    return next(run for run in runs(done.folder) if not run.path.name.startswith("lbp_svm"))


def test_both_leave_the_same_kind_of_folder(sweep: Done) -> None:
    assert sweep.told.status == 0, sweep.told.err
    files = [set(contents(run.path)) for run in (classical(sweep), network(sweep))]
    assert files[0] - files[1] == {"selection.csv"}
    assert files[1] - files[0] == {"figures/augmented_faces.png"}
    status = classical(sweep).status
    assert (status["state"], status["trained"], len(status["test_looks"])) == ("finished", True, 1)
    assert status["parameters"] == status["trained_parameters"] > 1_000
    (row,), (other,) = classical(sweep).rows(), network(sweep).rows()
    assert set(other) - set(row) == {"learning_rate"}
    assert set(row) <= set(other)


def test_the_summary_ranks_them_together(sweep: Done) -> None:
    (table,) = sweep.folder.glob("outputs/default/sweep-*/sweep.csv")
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["status"] for row in rows] == ["finished", "finished"]
    for row, run in zip(rows, (network(sweep), classical(sweep)), strict=True):
        assert str(run.results()["metrics"]["accuracy"])[:5] in " ".join(row.values())


def test_what_is_not_used_is_said(sweep: Done) -> None:
    assert sweep.told.out.count("note: a classical model is fitted once") == 1


def test_the_best_candidate_on_validation_is_kept(sweep: Done) -> None:
    with (classical(sweep).path / "selection.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["c"]) for row in rows] == [0.01, 0.1, 1, 10]
    (kept,) = [row for row in rows if row["kept"] == "yes"]
    scores = [float(row["validation/accuracy"]) for row in rows]
    assert float(kept["validation/accuracy"]) == max(scores) > min(scores)
    (metrics,) = classical(sweep).rows()
    assert metrics["validation/accuracy"] == max(scores)


def test_checkpoints_open_without_running_code(sweep: Done) -> None:
    run = classical(sweep)
    for path in (run.best, run.last):
        content = torch.load(path, weights_only=True)
        assert content["hyper_parameters"]["classes"] == list(SEVEN)
        assert content["state_dict"]["network.classifier.weight"].dtype == torch.float64


def test_evaluating_again_is_identical(sweep: Done, copy: Copy) -> None:
    run = classical(copy(sweep))
    told = here("evaluate", f"run={run.path}", folder=run.path.parents[2])
    assert told.status == 0, told.err
    assert "identical to the stored test" in told.out
    told = here("evaluate", f"run={run.path}", "part=validation", folder=run.path.parents[2])
    (row,) = run.rows()
    results = (run.path / "evaluations" / "validation" / "metrics.json").read_text()
    assert f'"accuracy": {row["validation/accuracy"]:.6f}'[:18] in results


def test_there_are_no_heat_maps_of_it(sweep: Done) -> None:
    before = contents(classical(sweep).path)
    told = here("evaluate", f"run={classical(sweep).path}", "heatmaps=2", folder=sweep.folder)
    assert told.status == 2
    assert "a classical model has no convolutional maps" in told.err
    assert contents(classical(sweep).path) == before


def test_same_command_again_touches_nothing(sweep: Done) -> None:
    before = contents(classical(sweep).path)
    told = here("train", *sweep.arguments, "trainer.max_epochs=1", folder=sweep.folder)
    assert told.status == 0
    assert told.out.count("nothing is trained") == 2
    assert contents(classical(sweep).path) == before


@pytest.mark.parametrize("model", ["lda_knn", "gmm", "pca_svm", "lpq_svm", "phog_svm"])
def test_every_model_runs(model: str, tmp_path: Path) -> None:
    arguments = (f"model={model}", *FEW, "augment.crop.size=40", "test_time.flip=true")
    told = here("train", *SMALL, *arguments, folder=tmp_path)
    assert told.status == 0, told.err
    run = only_run(tmp_path)
    told = here("evaluate", f"run={run.path}", folder=tmp_path)
    assert "identical to the stored test" in told.out


def test_an_interrupted_fit_begins_again(tmp_path: Path) -> None:
    arguments = (*SMALL, "model=gmm", *FEW)
    for name in ("cut", "whole"):
        (tmp_path / name).mkdir()
    calls = []
    fit = fer.training.classical.fit_classifier

    def cut(*given: object) -> str:
        calls.append(given)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return fit(*given)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fer.training.classical, "fit_classifier", cut)
        assert here("train", *arguments, folder=tmp_path / "cut").status == 130
    run = only_run(tmp_path / "cut")
    assert run.status["state"] == "interrupted"
    assert not run.best.exists()
    told = here("train", *arguments, folder=tmp_path / "cut")
    assert told.status == 0, told.err
    assert "starting again" in told.out
    here("train", *arguments, folder=tmp_path / "whole")
    whole = only_run(tmp_path / "whole")
    assert run.results()["metrics"] == whole.results()["metrics"]
    assert len(run.rows()) == 1


def test_only_the_test_is_left_after_the_fit(sweep: Done, copy: Copy) -> None:
    done = copy(sweep)
    run = classical(done)
    before = run.results()["metrics"]
    run.update(state="interrupted")
    (run.test / "metrics.json").unlink()
    told = here("train", *done.arguments, folder=done.folder)
    assert told.status == 0, told.err
    assert "only the test is left" in told.out and "c 0.1:" not in told.out
    assert run.results()["metrics"] == before


BAD = {
    "descriptor": (["model=lbp_svm", "model.descriptor=sift"], 2, ["lbp, lpq, phog, pixels"]),
    "no candidates": (["model=lbp_svm", "model.c=[]"], 2, ["model.c=[]", "[0.1,1]"]),
    "neighbours": (["model=lda_knn", "model.components=5"], 2, ["[10, 30, 100]", "28 training"]),
    "mixtures": (["model=gmm", "model.components=5"], 2, ["[1, 2, 4, 8]", "4 training faces"]),
    "components": (["model=pca_svm"], 2, ["model.components=100", "at most 28"]),
    "validation": (["model=lbp_svm", "data.validation=3"], 1, ["validation images of happy, sad"]),
    "class missing": (["model=gmm", *FEW, "data.train=3"], 1, ["no training images of happy, sad"]),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_message_and_leaves_nothing(case: str, tmp_path: Path) -> None:
    overrides, status, words = BAD[case]
    told = here("train", *SMALL, *overrides, folder=tmp_path)
    assert told.status == status
    assert told.err.startswith("error: ") and len(told.err.splitlines()) == 1
    assert [word for word in words if word not in told.err] == []
    assert not list(tmp_path.glob("outputs/default"))


def test_without_scikit_image_the_message_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "skimage", None)
    told = here("train", *SMALL, "model=phog_svm", folder=tmp_path)
    assert told.status == 2
    assert "pip install 'fer-experiments[classical]'" in told.err


def test_a_network_with_extra_channels(tmp_path: Path) -> None:
    told = here("train", *TINY, UNTRACKED, "model.extra_channels=[lbp,hos]", folder=tmp_path)
    assert told.status == 0, told.err
    run = only_run(tmp_path)
    told = here("evaluate", f"run={run.path}", folder=tmp_path)
    assert "identical to the stored test" in told.out
    arguments = (*TINY, UNTRACKED, f"model.weights={run.path}", "model.extra_channels=[lbp]")
    told = here("train", *arguments, folder=tmp_path)
    assert told.status == 0, told.err
    assert "left out" not in told.out
