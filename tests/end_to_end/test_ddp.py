"""Two processes train what one does: the same batches, every face once, one writer."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
import torch
from lightning import Trainer
from lightning.pytorch.callbacks import Callback
from timm.layers import BatchNormAct2d, convert_sync_batchnorm

import fer.lightning_trainer
from fer.checks.processes import check_sweep
from fer.data.data_sets import build_data
from fer.errors import ConfigError
from fer.prediction import load_model
from fer.runs.folder import RunFolder
from fer.training import divide
from tests.composing import composed
from tests.end_to_end.commands import (
    TINY,
    UNTRACKED,
    Told,
    assert_same_training,
    contents,
    here,
    only_run,
)

TWO = "trainer=ddp"
UNEVEN = (
    *(word for word in TINY if not word.startswith("model.backbone")),
    UNTRACKED,
    "data.train=61",  # four batches of 14 and one of 5
    "data.validation=560",  # three batches of two processes
    "model=cnn1",  # no batch norm
    "model.dense=[16]",
    "model.dropout=0",
    "augment=strong",
    "optimizer.lr=0.003",
    "loss.class_weights=balanced",
    "trainer.max_epochs=2",
)
LEVERS = (
    *TINY,
    UNTRACKED,
    "data.train=58",  # the last batch of two is taken whole by both
    "trainer.max_epochs=2",
    "trainer.ema_decay=0.9",
    "trainer.accumulate=2",
    "trainer.patience=5",
    "augment=strong",
    "augment.mixup.alpha=0.2",
    "model.dropout=0.3",
)
"""With all that has a memory or draws."""


def trained(folder: Path, *arguments: str) -> RunFolder:
    told = here("train", *arguments, folder=folder)
    assert told.status == 0, told.err
    return only_run(folder)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return trained(tmp_path_factory.mktemp("two"), *UNEVEN, TWO)


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return trained(tmp_path_factory.mktemp("one"), *UNEVEN)


def test_follows_one_process(two: RunFolder, one: RunFolder) -> None:
    state, other = (torch.load(run.last, weights_only=True)["state_dict"] for run in (two, one))
    for name, tensor in other.items():
        assert torch.allclose(state[name], tensor, rtol=1e-4, atol=1e-5), name
    for row, twin in zip(two.rows(), one.rows(), strict=True):
        assert row["train/accuracy"] == twin["train/accuracy"]
        assert row["train/loss"] == pytest.approx(twin["train/loss"], rel=1e-4)
        assert row["validation/loss"] == pytest.approx(twin["validation/loss"], rel=1e-4)
    assert two.path.name != one.path.name  # close, not equal: another result


def test_validation_is_that_of_one_process_to_the_last_bit(two: RunFolder) -> None:
    settings = two.settings
    settings["paths"]["cache"] = str(two.path.parents[1] / "cache")
    data = build_data(settings)
    data.open(progress=False)
    divide(settings, data)
    trainer = Trainer(accelerator="cpu", devices=1, logger=False, enable_progress_bar=False)
    (figures,) = trainer.validate(load_model(two), datamodule=data, verbose=False)
    row = next(row for row in two.rows() if row["epoch"] == two.results()["epoch"])
    assert figures == {key: row[key] for key in figures}
    assert len(figures) == 4


def test_one_writes(two: RunFolder, one: RunFolder) -> None:
    def files(run: RunFolder) -> set[str]:
        found = contents(run.path.parents[2])
        return {name.replace(run.path.name, "run") for name in found}

    assert files(two) == files(one)
    assert two.status["state"] == "finished" and two.status["resumed"] == []
    assert [row["epoch"] for row in two.rows()] == [1, 2]
    assert len(two.status["test_looks"]) == 1


class Asks(Callback):
    """Sends SIGTERM to the first process alone, in the second epoch's second step."""

    def on_train_batch_start(self, trainer: Trainer, module: object, x: object, n: int) -> None:
        if (trainer.current_epoch, n) == (1, 2):
            signal.raise_signal(signal.SIGTERM)


@pytest.mark.slow
def test_both_end_after_the_same_step_and_go_on_there(tmp_path: Path) -> None:
    straight, ended = tmp_path / "straight", tmp_path / "ended"
    straight.mkdir(), ended.mkdir()
    told: Told
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fer.lightning_trainer, "progress_callbacks", lambda kind: [Asks()])
        told = here("train", *LEVERS, TWO, folder=ended)
    assert told.status == 128 + signal.SIGTERM, told.err
    assert only_run(ended).status["state"] == "interrupted"
    told = here("train", *LEVERS, TWO, folder=ended)
    assert told.status == 0, told.err
    assert "going on within epoch 2" in told.out
    assert_same_training(only_run(ended), trained(straight, *LEVERS, TWO))


def test_jobs_side_by_side_would_share_devices() -> None:
    joblib = "hydra_plugins.hydra_joblib_launcher.joblib_launcher.JoblibLauncher"
    with pytest.raises(ConfigError, match="hydra/launcher=basic"):
        check_sweep(composed(TWO), joblib)
    check_sweep(composed(), joblib)
    check_sweep(composed(TWO), "hydra._internal.core_plugins.basic_launcher.BasicLauncher")


def test_shared_norms_keep_what_timm_adds_to_them() -> None:
    norm = torch.nn.Sequential(BatchNormAct2d(3)).eval()  # torch's own way would drop the ReLU
    images = torch.randn(2, 3, 4, 4)
    told = norm(images)
    assert torch.equal(convert_sync_batchnorm(norm)(images), told) and told.min() == 0
