"""Members are trained, then blended by the same command."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from fer.data.faces import SEVEN
from fer.evaluation.predictions import Predictions
from fer.runs.folder import RunFolder
from tests.end_to_end.commands import (
    TINY,
    UNTRACKED,
    Copy,
    Done,
    Told,
    assert_same_training,
    contents,
    cut_short,
    here,
    runs,
)

NET = "model.backbone=test_resnet"
COMMON = (*(a for a in TINY if a != NET), UNTRACKED, "name=study")
MEMBERS = (*COMMON, NET, "model.dropout=0,0.3", "optimizer.lr=0.02")
BLEND = (*COMMON, "model=blend")
JOINS = ("logits", "features", "mean")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """Two members and their blends in each way. Not to be changed."""
    folder = tmp_path_factory.mktemp("study")
    trained = here("train", "-m", *MEMBERS, folder=folder)
    assert trained.status == 0, trained.err
    joined = (*BLEND, f"model.join={','.join(JOINS)}")
    return Done(folder, joined, here("train", "-m", *joined, folder=folder))


def members(folder: Path) -> list[RunFolder]:
    return [run for run in runs(folder) if run.path.name.startswith("resnet18-")]


def blends(folder: Path) -> dict[str, RunFolder]:
    found = [run for run in runs(folder) if run.path.name.startswith("blend-")]
    return {run.config.model.join: run for run in found}


def blend(folder: Path, *overrides: str) -> Told:
    return here("train", *BLEND, *overrides, folder=folder)


def refused(told: Told, status: int, *words: str) -> None:
    assert told.status == status, told.err
    assert len(told.err.splitlines()) == 1
    assert [word for word in words if word not in told.err] == []


def test_a_sweep_over_joins_leaves_three_runs(study: Done) -> None:
    assert study.told.status == 0, study.told.err
    found = blends(study.folder)
    assert set(found) == set(JOINS)
    sizes = [run.status["parameters"] for run in members(study.folder)]
    weights = torch.load(members(study.folder)[0].best, weights_only=True)["state_dict"]
    width = weights["network.fc.weight"].shape[1]
    trained = {"logits": 14 * 7 + 7, "features": 2 * width * 7 + 7, "mean": 0}
    for join, run in found.items():
        assert run.status["state"] == "finished"
        assert run.status["trained_parameters"] == trained[join]
        assert run.status["parameters"] == sum(sizes) + trained[join]
        assert [name.split()[0] for name in run.settings["sources"]] == [
            member.path.name for member in members(study.folder)
        ]
        assert all(member.path.name in run.status["weights"] for member in members(study.folder))
        assert (run.figures / "learning_curves.png").is_file()
    assert "job 2: " in study.told.out and "epoch 1/1" in study.told.out


def test_members_are_as_they_were(study: Done) -> None:
    for run in blends(study.folder).values():
        state = torch.load(run.best, weights_only=True)["state_dict"]
        for place, member in enumerate(members(study.folder)):
            weights = torch.load(member.best, weights_only=True)["state_dict"]
            for key, value in weights.items():
                assert torch.equal(state[f"network.members.{place}.{key}"], value), key


def test_mean_is_that_of_the_members_and_has_one_row(study: Done) -> None:
    run = blends(study.folder)["mean"]
    (row,) = run.rows()
    assert row["epoch"] == 1
    assert {name for name in row if name.startswith("validation/")} == {
        f"validation/{name}" for name in ("loss", "accuracy", "balanced_accuracy", "f1_macro")
    }
    assert len(run.status["test_looks"]) == 1
    told, *others = (
        Predictions.load(each.test / "predictions.csv").probabilities
        for each in (run, *members(study.folder))
    )
    np.testing.assert_allclose(told, np.mean(others, axis=0), atol=1e-5)


def test_blends_outlive_their_members(study: Done, copy: Copy) -> None:
    done = copy(study)
    for member in members(done.folder):
        shutil.rmtree(member.path)
    for run in blends(done.folder).values():
        told = here("evaluate", f"run={run.path}", folder=done.folder)
        assert told.status == 0, told.err
        assert "identical to the stored test" in told.out


def test_the_same_members_give_the_same_run(study: Done, copy: Copy) -> None:
    done = copy(study)
    before = contents(done.folder)
    one, other = (member.path for member in members(done.folder))
    for named in ("outputs/study/*", f"[{one.relative_to(done.folder)},{other}]"):
        told = blend(done.folder, f"model.members={named}")
        assert "this run is finished" in told.out, told.err
    assert contents(done.folder) == before
    mean = blend(done.folder, "model.join=mean", "trainer.max_epochs=1")
    assert "this run is finished" in mean.out

    checkpoint = torch.load(other / "checkpoints" / "best.ckpt", weights_only=True)
    checkpoint["state_dict"]["network.fc.bias"] += 1  # as if it had been trained again
    torch.save(checkpoint, other / "checkpoints" / "best.ckpt")
    told = blend(done.folder)
    assert told.status == 0, told.err
    assert "this run is finished" not in told.out
    assert len(runs(done.folder)) == len(runs(study.folder)) + 1


def test_goes_on_as_if_nothing_had_happened(study: Done, copy: Copy, tmp_path: Path) -> None:
    done, straight = copy(study), tmp_path / "straight"
    shutil.copytree(done.folder, straight)
    more = ("trainer.max_epochs=3", "tag=long", "augment=strong")
    cut_short(*BLEND, *more, epoch=2, folder=done.folder)
    assert blend(done.folder, *more).status == blend(straight, *more).status == 0
    cut, whole = ([r for r in runs(f) if "-long-" in r.path.name] for f in (done.folder, straight))
    assert len(cut[0].status["resumed"]) == 1
    assert_same_training(cut[0], whole[0])


def test_a_mean_that_was_interrupted_is_measured_again(
    study: Done, copy: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = copy(study)

    def full(*arguments: object) -> None:
        raise OSError("no space")

    with monkeypatch.context() as patch:
        patch.setattr("fer.training.train.meet_test_part", full)
        assert blend(done.folder, "model.join=mean", "tag=cut").status != 0
    (run,) = (run for run in runs(done.folder) if "-cut-" in run.path.name)
    run.update(trained=False)
    told = blend(done.folder, "model.join=mean", "tag=cut")
    assert told.status == 0, told.err
    assert len(run.rows()) == 1
    assert run.results()["metrics"] == blends(study.folder)["mean"].results()["metrics"]


def test_a_pattern_finds_runs_of_its_own_seed_and_parts(study: Done, copy: Copy) -> None:
    done = copy(study)
    refused(blend(done.folder, "seed=1"), 2, "names 0 finished runs (2 of other seeds or parts)")
    refused(blend(done.folder, "protocol.validation=0.5"), 2, "(2 of other seeds or parts)")
    refused(blend(done.folder, "name=other"), 2, "model.members", "two or more", "train them first")


def test_a_blend_may_learn_from_fewer_images_than_its_members(study: Done, copy: Copy) -> None:
    done = copy(study)
    told = blend(done.folder, "data.images_per_class=2", "tag=few")
    assert told.status == 0, told.err
    (run,) = (run for run in runs(done.folder) if "-few-" in run.path.name)
    assert [name.split()[0] for name in run.settings["sources"]] == [
        member.path.name for member in members(done.folder)
    ]
    assert run.status["counts"] == {"train": 14, "validation": 14, "test": 14}
    assert run.status["notes"] == []


def test_members_with_the_very_same_parts_come_before_those_with_more(
    study: Done, copy: Copy
) -> None:
    done = copy(study)
    few = (*MEMBERS, "data.images_per_class=2")
    assert here("train", "-m", *few, folder=done.folder).status == 0
    known = {run.path.name for run in runs(study.folder)}
    new = [run.path.name for run in members(done.folder) if run.path.name not in known]
    assert blend(done.folder).out.count("this run is finished") == 1  # the two with all images
    told = blend(done.folder, "data.images_per_class=2", "tag=few")
    assert told.status == 0, told.err
    (run,) = (run for run in runs(done.folder) if "-few-" in run.path.name)
    assert [name.split()[0] for name in run.settings["sources"]] == new


def test_members_that_do_not_fit(study: Done, copy: Copy) -> None:
    done = copy(study)
    one, other = members(done.folder)
    named = f"model.members=[{one.path},{other.path}]"
    refused(blend(done.folder, f"model.members=[{one.path},{one.path}]"), 2, "names 1 finished run")
    refused(blend(done.folder, f"model.members=[{one.path},nowhere]"), 1, "no folder nowhere")
    refused(
        blend(done.folder, f"model.members=[{one.path},outputs]"), 1, "outputs is no run folder"
    )
    size = blend(done.folder, named, "data.size=32")
    refused(size, 2, "data.size=32", str(one.path), "data.size=48", "must have the same")
    colour = blend(done.folder, named, "data.channels=3")
    refused(colour, 2, "data.channels=3", str(one.path), "data.channels=1")
    leak = blend(done.folder, named, "protocol.test=public", "protocol.validation=private")
    refused(leak, 2, "model.members", str(one.path), "fitted to 14 of this protocol's 14 test")

    results = other.test / "metrics.json"
    known = json.loads(results.read_text())
    results.write_text(json.dumps(known | {"classes": [*SEVEN, "contempt"]}))
    refused(blend(done.folder), 2, str(other.path), "neutral, contempt; this data has angry")
    other.update(state="interrupted")
    refused(
        blend(done.folder), 1, str(other.path), "is interrupted: run its training command again"
    )
    assert len(runs(done.folder)) == len(runs(study.folder))


def test_trained_validation_images_are_told_beside_the_result(study: Done, copy: Copy) -> None:
    done = copy(study)
    named = ",".join(str(member.path) for member in members(done.folder))
    told = blend(done.folder, f"model.members=[{named}]", "protocol.validation=0.4", "tag=share")
    assert told.status == 0, told.err
    (run,) = (run for run in runs(done.folder) if "-share-" in run.path.name)
    notes = run.results()["notes"]
    assert len(notes) == 2
    for note in notes:
        assert "14 of the 14 validation images, so validation figures are too good" in note
        assert note in run.status["notes"] and note in told.out


def test_a_blend_teaches(study: Done, tmp_path: Path) -> None:
    teacher = blends(study.folder)["mean"]
    taught = (*COMMON, NET, "data.channels=1", "data.size=32")
    told = here("train", *taught, f"distillation.teacher={teacher.path}", folder=tmp_path)
    assert told.status == 0, told.err
    (student,) = runs(tmp_path)
    assert student.settings["sources"][0].startswith(f"{teacher.path.name} ")
    assert student.status["parameters"] == members(study.folder)[0].status["parameters"]
