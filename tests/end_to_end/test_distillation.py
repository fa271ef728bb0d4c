"""A finished run teaches another."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.end_to_end.commands import (
    TINY,
    UNTRACKED,
    Done,
    Told,
    assert_same_training,
    cut_short,
    here,
    only_run,
)
from tests.end_to_end.conftest import LONG


def taught(teacher: Path, *overrides: str, folder: Path) -> Told:
    told = here(
        "train", *LONG, UNTRACKED, f"distillation.teacher={teacher}", *overrides, folder=folder
    )
    assert told.status == 0, told.err
    return told


@pytest.fixture(scope="module")
def student(plain: Done, tmp_path_factory: pytest.TempPathFactory) -> Done:
    """Four epochs under a teacher, with everything that draws random numbers."""
    folder = tmp_path_factory.mktemp("student")
    return Done(folder, LONG, taught(plain.run.path, folder=folder))


def test_a_teacher_changes_what_is_learnt_and_nothing_else(
    student: Done, undisturbed: Done
) -> None:
    run, alone = student.run, undisturbed.run
    assert [row["train/loss"] for row in run.rows()] != [row["train/loss"] for row in alone.rows()]
    for key in ("parameters", "trained_parameters", "split_hash"):
        assert run.status[key] == alone.status[key]
    states = [torch.load(each.last, weights_only=True)["state_dict"] for each in (run, alone)]
    assert {k: v.shape for k, v in states[0].items()} == {k: v.shape for k, v in states[1].items()}
    told = here("evaluate", f"run={run.path}", folder=student.folder)
    assert "identical to the stored test" in told.out


def test_a_teacher_without_weight_changes_nothing(
    plain: Done, undisturbed: Done, tmp_path: Path
) -> None:
    taught(plain.run.path, "distillation.weight=0", folder=tmp_path)
    assert_same_training(only_run(tmp_path), undisturbed.run)


def test_goes_on_as_if_nothing_had_happened(plain: Done, student: Done, tmp_path: Path) -> None:
    teacher = f"distillation.teacher={plain.run.path}"
    cut_short(*LONG, UNTRACKED, teacher, epoch=3, folder=tmp_path)
    told = taught(plain.run.path, folder=tmp_path)
    assert "going on after epoch 2" in told.out
    assert_same_training(only_run(tmp_path), student.run)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["data.channels=3"], ["sees gray pictures", "data.channels=1"]),
        (
            ["protocol.test=public", "protocol.validation=private"],
            ["distillation.teacher", "was fitted to 14 of this protocol's 14 test images"],
        ),
    ],
)
def test_teachers_that_do_not_fit(
    overrides: list[str], words: list[str], plain: Done, tmp_path: Path
) -> None:
    teacher = f"distillation.teacher={plain.run.path}"
    told = here("train", *plain.arguments, teacher, *overrides, folder=tmp_path)
    assert told.status == 2
    assert len(told.err.splitlines()) == 1
    assert [word for word in (*words, str(plain.run.path)) if word not in told.err] == []
    assert not list(tmp_path.glob("outputs/default"))


def test_a_teacher_that_is_not_there_or_not_finished(cut: Done, tmp_path: Path) -> None:
    for folder, words in (("nowhere", "there is no folder nowhere"), (cut.run.path, "is failed")):
        told = here("train", *TINY, f"distillation.teacher={folder}", folder=tmp_path)
        assert told.status == 1
        assert "distillation.teacher: " in told.err and words in told.err


def test_a_teacher_of_other_classes_is_refused(plain: Done, tmp_path: Path) -> None:
    run = only_run(plain.folder)
    results = (run.test / "metrics.json").read_text(encoding="utf-8")
    other = tmp_path / "other"
    other.mkdir()
    for name in ("config.yaml", "status.json", "split.npz"):
        (other / name).write_bytes((run.path / name).read_bytes())
    (other / "test").mkdir()
    (other / "test" / "metrics.json").write_text(results.replace('"angry"', '"cross"'))
    told = here("train", *TINY, f"distillation.teacher={other}", folder=tmp_path)
    assert told.status == 2
    assert "knows cross, disgust" in told.err and "this data has angry, disgust" in told.err
