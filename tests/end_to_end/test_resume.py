"""Interrupted runs go on as if nothing had happened; finished ones may grow."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from fer.runs.checkpoints import copy_checkpoint
from tests.end_to_end.commands import (
    TINY,
    UNTRACKED,
    Copy,
    Done,
    assert_same_training,
    contents,
    cut_short,
    environment,
    here,
    only_run,
    runs,
)
from tests.wandb_records import read_wandb, wandb_files

MANY = (
    *TINY,
    "data.train=280",
    "trainer.max_epochs=6",
    "model.dropout=0.2",
    "augment=strong",
    "optimizer.lr=0.01",
)
"""Half a second an epoch: time enough for a signal."""


def test_goes_on_as_if_nothing_had_happened(cut: Done, undisturbed: Done, copy: Copy) -> None:
    done = copy(cut)
    before = done.run
    assert before.status["state"] == "failed"
    assert "power cut" in before.status["why"]
    assert len(before.rows()) == 2
    told = here("train", *done.arguments, folder=done.folder)
    assert told.status == 0, told.err
    assert "going on after epoch 2, from " in told.out
    assert "epoch 1/4" not in told.out
    assert done.run.status["state"] == "finished"
    assert len(done.run.status["resumed"]) == len(done.run.status["test_looks"]) == 1
    assert done.run.status["made_with_before"] == []
    assert_same_training(done.run, undisturbed.run)

    records = [read_wandb(path) for path in wandb_files(done.run.path)]
    assert [record.id for record in records] == [done.run.status["wandb_id"]] * 2
    assert [record.exit_code for record in records] == [1, 0]
    assert [[row["epoch"] for row in record.history] for record in records] == [
        [1, 2],
        [1, 2, 3, 4],
    ]
    rows = done.run.rows()
    for row, kept in zip(rows, records[1].history, strict=True):
        assert {key: kept[key] for key in row} == row


LEVERS = (
    "data.progressive={0:32,1:40,3:48}",
    "optimizer.layer_decay=0.7",
    "model.unfreeze={0:3,1:2,3:0}",
    "trainer.ema_decay=0.9",
    "augment.mixup.alpha=0.2",
    "augment.cutmix.alpha=1",
    "augment.mix_probability=0.8",
)
"""What changes from epoch to epoch, draws, or is kept beside the weights."""


@pytest.mark.parametrize("schedule", ["constant", "step", "plateau", "warm_restarts"])
def test_epochs_may_grow_where_rates_do_not_depend_on_them(schedule: str, tmp_path: Path) -> None:
    extra = {"constant": (), "step": ("scheduler.decay_epochs=1",)}
    extra["warm_restarts"] = ("scheduler.cycle_epochs=1", *LEVERS)
    extra["plateau"] = ("scheduler.patience_epochs=0", "scheduler.decay_rate=0.5")
    settings = (*TINY, UNTRACKED, "model.dropout=0.2", f"scheduler={schedule}", *extra[schedule])
    straight, grown = tmp_path / "straight", tmp_path / "grown"
    straight.mkdir(), grown.mkdir()
    assert here("train", *settings, "trainer.max_epochs=4", folder=straight).status == 0
    assert here("train", *settings, "trainer.max_epochs=2", folder=grown).status == 0
    if schedule != "constant":  # the growth itself is interrupted
        cut_short(*settings, "trainer.max_epochs=4", epoch=4, folder=grown)
    told = here("train", *settings, "trainer.max_epochs=4", folder=grown)
    assert told.status == 0, told.err
    assert_same_training(only_run(grown), only_run(straight))
    rates = [row["learning_rate"] for row in only_run(grown).rows()]
    assert (len(set(rates)) > 1) == (schedule != "constant")
    assert [len(only_run(f).status["test_looks"]) for f in (straight, grown)] == [1, 2]

    before = contents(grown)
    shrunk = here("train", *settings, "trainer.max_epochs=3", folder=grown)
    assert shrunk.status == 2
    assert "may grow, not shrink" in shrunk.err
    assert contents(grown) == before


@pytest.mark.parametrize("schedule", ["onecycle", "cosine"])
def test_epochs_are_kept_where_rates_depend_on_them(
    schedule: str, plain: Done, tmp_path: Path
) -> None:
    folder, settings = plain.folder, (*plain.arguments, f"scheduler={schedule}")
    if schedule == "cosine":
        folder = tmp_path
        assert here("train", *settings, folder=folder).status == 0
    before = contents(folder)
    told = here("train", *settings, "trainer.max_epochs=3", folder=folder)
    assert told.status == 2
    assert "trainer.max_epochs=3" in told.err
    assert f"scheduler={schedule}" in told.err
    assert "tag=<word>" in told.err
    assert contents(folder) == before


def test_weights_that_are_tested_are_of_the_training_that_goes_on(tmp_path: Path) -> None:
    """Epoch 2 is the best yet; the process dies when `last.ckpt` is written, `best.ckpt` is not."""
    words = (*MANY, UNTRACKED, "trainer.max_epochs=3")
    words += ("trainer.monitor=validation/loss", "trainer.monitor_mode=min", "scheduler=constant")

    def dies(source: Path, path: Path) -> None:
        if torch.load(source, weights_only=True)["epoch"] == 1:
            raise OSError("power cut")
        copy_checkpoint(source, path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fer.runs.recording.copy_checkpoint", dies)
        assert here("train", *words, folder=tmp_path).status != 0
    run = only_run(tmp_path)
    epochs = [torch.load(path, weights_only=True)["epoch"] for path in (run.best, run.last)]
    assert epochs == [0, 1]
    told = here("train", *words, folder=tmp_path)
    assert told.status == 0, told.err
    assert "going on after epoch 2" in told.out
    best = torch.load(run.best, weights_only=True)["epoch"] + 1
    least = min(run.rows(), key=lambda row: row["validation/loss"])
    assert best == run.results()["epoch"] == least["epoch"] > 1


def test_what_made_its_beginning_stays_on_record(cut: Done, copy: Copy) -> None:
    done = copy(cut)
    now = done.run.status["versions"]
    done.run.update(versions={"torch": "older"})
    assert here("train", *done.arguments, folder=done.folder).status == 0
    status = done.run.status
    assert [each["versions"] for each in status["made_with_before"]] == [{"torch": "older"}]
    assert status["versions"] == now


def test_images_that_would_be_divided_otherwise_end_it(cut: Done, copy: Copy) -> None:
    done = copy(cut)
    done.run.update(split_hash="of another scikit-learn")
    before = contents(done.run.checkpoints)
    told = here("train", *done.arguments, folder=done.folder)
    assert told.status == 1 and "its images were divided otherwise when it began" in told.err
    assert contents(done.run.checkpoints) == before and len(done.run.rows()) == 2


def test_trained_but_untested_is_only_tested(
    plain: Done, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise OSError("no space")

    with monkeypatch.context() as patch:
        patch.setattr("fer.training.testing.write_report", full)
        assert here("train", *plain.arguments, folder=tmp_path).status != 0
    assert only_run(tmp_path).status["state"] == "failed"
    told = here("train", *plain.arguments, folder=tmp_path)
    assert told.status == 0, told.err
    assert "only the test is left" in told.out
    assert "epoch 1/1" not in told.out
    assert_same_training(only_run(tmp_path), plain.run)


def stopped(number: int, folder: Path, epoch: int = 2) -> int:
    """Sends a signal in the middle of the epoch after this one; returns the exit status."""
    process = subprocess.Popen(
        [sys.executable, "-m", "fer.train", *MANY],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(f"epoch {epoch}/"):
            time.sleep(0.1)
            process.send_signal(number)
            break
    process.stdout.read()
    return process.wait(timeout=60)


def test_control_c_leaves_a_run_that_goes_on(tmp_path: Path) -> None:
    assert stopped(signal.SIGINT, tmp_path) == 128 + signal.SIGINT
    run = only_run(tmp_path)
    assert run.status["state"] == "interrupted"
    assert 2 <= len(run.rows()) < 6
    (record,) = [read_wandb(path) for path in wandb_files(run.path)]
    assert record.exit_code not in (0, None)
    told = here("train", *MANY, UNTRACKED, folder=tmp_path)
    assert told.status == 0, told.err
    assert run.status["state"] == "finished"
    assert [row["epoch"] for row in run.rows()] == [1, 2, 3, 4, 5, 6]


def test_ended_before_the_first_epoch(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "fer.train", *MANY, UNTRACKED],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while not runs(tmp_path) and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 128 + signal.SIGTERM
    run = only_run(tmp_path)
    assert (run.status["state"], run.status["why"]) == ("interrupted", "ended by SIGTERM")
    assert run.rows() == []
