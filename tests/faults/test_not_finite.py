"""A loss that is no number ends the training, with what was good before it kept."""

from __future__ import annotations

from pathlib import Path

from tests.end_to_end.commands import TINY, UNTRACKED, here, only_run

HUGE = (*TINY, UNTRACKED, "optimizer=momentum", "optimizer.lr=1e38", "augment=none")


def test_training_loss(tmp_path: Path) -> None:
    told = here("train", *HUGE, "scheduler=constant", folder=tmp_path)
    assert told.status == 1 and "Traceback" not in told.err
    assert "training diverged in epoch 1: its loss became nan in batch 2" in told.err
    assert "no epoch was finished before it" in told.err and "optimizer.lr" in told.err
    run = only_run(tmp_path)
    assert run.status["state"] == "failed" and "became nan" in run.status["why"]
    names = (run.path / "not_finite.txt").read_text(encoding="utf-8").splitlines()
    assert len(names) == 14 and names[0] in told.err
    assert not run.last.exists() and not run.test.exists()


def test_a_checkpoint_within_the_epoch_goes(tmp_path: Path) -> None:
    """The step before already spoilt the weights that it holds."""
    within = ("scheduler=constant", "trainer.checkpoint_steps=1")
    assert here("train", *HUGE, *within, folder=tmp_path).status == 1
    run = only_run(tmp_path)
    assert list(run.checkpoints.iterdir()) == []


def test_validation_loss(tmp_path: Path) -> None:
    """One step an epoch: the first with the rate of the warm-up, the second with the whole."""
    warm = ("scheduler=cosine", "scheduler.warmup_epochs=1", "data.train=14")
    within = "trainer.checkpoint_steps=1"
    told = here("train", *HUGE, *warm, within, "trainer.max_epochs=3", folder=tmp_path)
    assert told.status == 1
    run = only_run(tmp_path)
    assert "training diverged in epoch 2: the validation loss became nan" in told.err
    assert f"checkpoints before it are kept in {run.checkpoints.relative_to(tmp_path)}" in told.err
    assert [row["epoch"] for row in run.rows()] == [1] and run.last.is_file()
    assert not run.middle.exists()
