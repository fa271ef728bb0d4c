"""What keeps a run folder true: early stops, locks, moved data, one's own data named again."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
import yaml
from lightning import Trainer
from lightning.pytorch.callbacks import Callback

from fer.assessing.chosen_faces import _match_classes
from fer.data.faces import EXPRESSIONS, Faces
from fer.errors import ConfigError
from fer.evaluation.report import described
from fer.runs.folder import RunFolder
from fer.training import lightning_trainer
from tests.builders import fer2013_tree
from tests.end_to_end.commands import (
    TINY,
    UNTRACKED,
    Copy,
    Done,
    environment,
    here,
    only_run,
    runs,
)
from tests.end_to_end.test_wandb import SWEEP
from tests.wandb_records import read_wandb, wandb_files

FROZEN = ("model.frozen_stages=5", "optimizer.lr=1e-12", "scheduler=constant")


def test_early_stop_is_not_undone_by_more_epochs(tmp_path: Path) -> None:
    """A run of twelve epochs from the start would have stopped at the same epoch."""
    arguments = (*TINY, *FROZEN, UNTRACKED, "trainer.patience=1")
    first = here("train", *arguments, "trainer.max_epochs=6", folder=tmp_path)
    epochs = len(only_run(tmp_path).rows())
    assert first.status == 0
    assert epochs < 6
    more = here("train", *arguments, "trainer.max_epochs=12", folder=tmp_path)
    assert more.status == 0, more.err
    assert f"training stopped early at epoch {epochs}" in more.out
    assert len(only_run(tmp_path).rows()) == epochs
    assert len(only_run(tmp_path).status["test_looks"]) == 1


def test_two_processes_never_train_one_run(cut: Done, copy: Copy) -> None:
    done = copy(cut)
    with RunFolder(done.run.path).lock():
        told = here("train", *done.arguments, UNTRACKED, folder=done.folder)
    assert told.status == 1
    assert "is being trained by another process" in told.err
    assert here("train", *done.arguments, UNTRACKED, folder=done.folder).status == 0


class TakesOver(Callback):
    """Another machine takes the run over, since this one stood still in its second epoch."""

    def on_train_epoch_start(self, trainer: Trainer, module: object) -> None:
        if trainer.current_epoch == 1:
            (lock,) = Path.cwd().glob("outputs/default/*/.lock")
            lock.write_text(json.dumps({"host": "elsewhere", "pid": 7}))


def test_a_training_whose_run_was_taken_over_writes_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lightning_trainer, "progress_callbacks", lambda kind: [TakesOver()])
    told = here("train", *TINY, UNTRACKED, "trainer.max_epochs=2", folder=tmp_path)
    assert told.status == 1
    assert "no longer locked by this process" in told.err
    run = only_run(tmp_path)
    assert [row["epoch"] for row in run.rows()] == [1]
    assert run.status["state"] == "running"
    assert "elsewhere" in (run.path / ".lock").read_text()


def test_own_data_named_again_is_refused(plain: Done, copy: Copy) -> None:
    """Its default would be all faces, those of training among them."""
    done = copy(plain)
    sizes = [a for a in TINY if a.startswith(("data.train=", "data.validation=", "data.test="))]
    told = here("evaluate", f"run={done.run.path}", "data=synthetic", *sizes, folder=done.folder)
    assert told.status == 2
    assert "the data that the run was trained on" in told.err


def test_run_and_data_may_move(tmp_path: Path) -> None:
    tree = fer2013_tree(tmp_path / "tree")
    own = ("data.train", "data.validation", "data.test=")
    settings = [a for a in TINY if not a.startswith(own)]
    data = ("data=fer2013", "data.path=tree")
    told = here("train", *settings, UNTRACKED, *data, folder=tmp_path)
    assert told.status == 0, told.err
    run, elsewhere = only_run(tmp_path), tmp_path / "elsewhere"
    elsewhere.mkdir()
    again = here("evaluate", f"run={run.path}", folder=elsewhere)
    assert "identical to the stored test" in again.out
    shutil.move(tree, elsewhere / "moved")
    lost = here("evaluate", f"run={run.path}", folder=elsewhere)
    assert lost.status == 1
    assert f"is no longer at {tree}: say where it is with data_path=" in lost.err
    nowhere = here("evaluate", f"run={run.path}", "data_path=gone", folder=elsewhere)
    assert nowhere.status == 1 and "data_path=gone does not exist" in nowhere.err
    found = here("evaluate", f"run={run.path}", "data_path=moved", folder=elsewhere)
    assert "identical to the stored test" in found.out


class Model:
    """Knows some classes."""

    def __init__(self, *classes: str) -> None:
        self.classes = classes


def faces(*classes: str) -> Faces:
    labels = np.arange(len(classes)).repeat(2)
    pixels = np.zeros((len(labels), 4, 4), np.uint8)
    return Faces(pixels, labels, classes, labels.astype(str), "print")


class Data:
    def __init__(self, *classes: str) -> None:
        self.faces = faces(*classes)


def test_other_weights_in_the_same_file_make_another_run(plain: Done, tmp_path: Path) -> None:
    file = tmp_path / "weights.ckpt"
    words = (*TINY, UNTRACKED, "model.weights=weights.ckpt")
    content = torch.load(plain.run.best, weights_only=True)
    for factor, runs_then in ((1, 1), (1, 1), (2, 2)):
        state = {name: factor * tensor for name, tensor in content["state_dict"].items()}
        torch.save({**content, "state_dict": state}, file)
        told = here("train", *words, folder=tmp_path)
        assert told.status == 0, told.err
        assert len(runs(tmp_path)) == runs_then


def test_what_a_run_was_built_on_is_found_from_any_folder(tmp_path: Path) -> None:
    """A third run starts from a second, that one from a first, which has seen the third's test."""
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir()
    elsewhere.mkdir()
    swapped = ("protocol.test=public", "protocol.validation=private")
    assert here("train", *TINY, UNTRACKED, *swapped, folder=home).status == 0
    first = only_run(home).path.relative_to(home)
    words = ("protocol.test=public", "protocol.validation=0.2", "name=second")
    told = here("train", *TINY, UNTRACKED, *words, f"model.weights={first}", folder=home)
    assert told.status == 0, told.err
    (second,) = home.glob("outputs/second/*/config.yaml")
    told = here("train", *TINY, UNTRACKED, f"model.weights={second.parent}", folder=elsewhere)
    assert told.status == 2 and "fitted to 14 of this protocol's 14 test images" in told.err


def test_classes_are_matched_by_name() -> None:
    eight, six = Data(*EXPRESSIONS), Data(*EXPRESSIONS[:6])
    seven = Model(*EXPRESSIONS[:7])
    kept, notes = _match_classes(seven, eight, np.arange(16))  # type: ignore[arg-type]
    assert kept.tolist() == list(range(14))
    assert notes == ["2 faces left out, unknown to the model: contempt"]
    kept, notes = _match_classes(seven, six, np.arange(12))  # type: ignore[arg-type]
    assert kept.tolist() == list(range(12))
    assert notes == ["the model also knows neutral, which this data set does not have"]
    with pytest.raises(ConfigError, match="no class in common"):
        _match_classes(Model("calm"), six, np.arange(12))  # type: ignore[arg-type]


def test_agent_of_wandb_keeps_the_nested_settings(tmp_path: Path) -> None:
    """The command that an agent makes of the sweep's file, run as the agent runs it."""
    sweep = yaml.safe_load(SWEEP.read_text(encoding="utf-8"))
    given = {"model": "resnet18", "model.frozen_stages": 2, "seed": 1}
    values = [f"{key}={value}" for key, value in given.items()]
    words = sweep["command"][sweep["command"].index("-m") :]
    command = [sys.executable]
    for word in words:
        command += (
            values if word == "${args_no_hyphens}" else [word.replace("${program}", "fer.train")]
        )
    command = [word for word in command if word != "logger.mode=online"]
    parameters = tmp_path / "parameters.yaml"
    parameters.write_text(
        yaml.safe_dump({"wandb_version": 1, **{k: {"value": v} for k, v in given.items()}})
    )
    agent = {"WANDB_SWEEP_ID": "abc123", "WANDB_SWEEP_PARAM_PATH": str(parameters)}
    tiny = [a for a in TINY if not a.startswith("model")]
    done = subprocess.run(
        [*command, *tiny, "model.backbone=test_resnet", "model.weights=none"],
        cwd=tmp_path,
        env=environment() | agent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    run = only_run(tmp_path)
    (record,) = [read_wandb(path) for path in wandb_files(run.path)]
    assert record.config["settings"]["model"]["name"] == "resnet18"
    assert record.config["settings"]["model"]["frozen_stages"] == 2
    assert [row["epoch"] for row in record.history] == [1]


def test_progress_bar_tells_what_a_person_wants_to_know(tmp_path: Path) -> None:
    done = here("train", *TINY, UNTRACKED, "trainer.progress=bar", folder=tmp_path)
    assert done.status == 0, done.err
    assert all(word in done.err for word in ("epoch 1/1", "2/2", "loss", "acc", "img/s"))


def test_left_out_files_are_listed_in_the_run(tmp_path: Path) -> None:
    tree = fer2013_tree(tmp_path / "tree")
    bad = next(tree.glob("train/happy/*.jpg"))
    bad.write_bytes(b"")
    own = ("data.train", "data.validation", "data.test=")
    settings = [a for a in TINY if not a.startswith(own)]
    data = ("data=fer2013", f"data.path={tree}", "data.on_bad_file=skip")
    told = here("train", *settings, UNTRACKED, *data, folder=tmp_path)
    assert told.status == 0, told.err
    status = json.loads((only_run(tmp_path).path / "status.json").read_text())
    ((name, reason),) = status["bad_files"]
    assert name.endswith(bad.name)
    assert reason
    assert any("28,709" in note for note in status["notes"])


def test_random_folds_over_known_people_are_marked(tmp_path: Path, tables: ModuleType) -> None:
    folds = ("protocol=random_kfold", "protocol.validation=0.3")
    done = here("train", *TINY, *folds, folder=tmp_path)
    assert done.status == 0, done.err
    run = only_run(tmp_path)
    (caution,) = run.results()["cautions"]
    assert "show a person who is also in training" in caution
    for text in (done.out, (run.test / "report.md").read_text()):
        assert "random_kfold (!), fold 0" in text
        assert caution in text
    assert "Per expression (!)" in done.out
    (record,) = [read_wandb(path) for path in wandb_files(run.path)]
    assert (record.name, record.notes) == (f"{run.path.name} (!)", caution)
    assert record.summary["protocol"] == "random_kfold (!)"
    assert tables.measured([run], "accuracy").endswith(" (!)")


def test_care_is_not_marked(tmp_path: Path) -> None:
    """Leaving copies of tested images out is told, and no reason to doubt the figures."""
    tree = fer2013_tree(tmp_path / "tree")
    copied = next(tree.glob("train/happy/*.jpg"))
    tested = next(tree.glob("test/happy/PrivateTest_*.jpg"))
    tested.write_bytes(copied.read_bytes())
    own = ("data.train", "data.validation", "data.test=")
    chosen = [a for a in TINY if not a.startswith(own)]
    data = ("data=fer2013", f"data.path={tree}", "data.duplicates_of_test=drop")
    told = here("train", *chosen, UNTRACKED, *data, folder=tmp_path)
    assert told.status == 0, told.err
    run = only_run(tmp_path)
    assert run.status["faces"] == sum(run.status["counts"].values()) + 1
    results = run.results()
    note = "1 training images left out: copies of ones to be tested"
    assert note in told.out and note in results["notes"]
    assert results["cautions"] == [] and "(!)" not in told.out


def test_a_mark_is_found_in_results_that_do_not_record_it() -> None:
    """Written before cautions were: the notes say so."""
    told = "90.0% of the test images show a person who is also in training: not a figure for ..."
    story = {"data": "made", "protocol": {"name": "random_kfold"}, "part": "fold 0", "n": 9}
    assert "random_kfold (!), fold 0" in described({**story, "notes": ["12 faces", told]})
    assert "(!)" not in described({**story, "notes": ["12 faces"]})
    assert "(!)" not in described({**story, "notes": [told], "cautions": []})
