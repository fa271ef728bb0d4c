"""Two processes train what one does: the same batches, every face once, one writer."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning import Trainer
from lightning.pytorch.strategies import DDPStrategy
from timm.layers import BatchNormAct2d, convert_sync_batchnorm
from torch import Tensor

import fer.training.lightning_trainer
from fer.assessing.run_model import load_model
from fer.checks import check_training
from fer.checks.processes import check_sweep
from fer.data.data_sets import build_data, divide
from fer.errors import ConfigError
from fer.runs.folder import RunFolder
from fer.training.distributed import local_server, settle_devices, task_of
from tests.composing import composed, settings
from tests.end_to_end.commands import (
    TINY,
    UNTRACKED,
    contents,
    environment,
    here,
    only_run,
)

TWO = "trainer=ddp"
UNEVEN = (
    *(word for word in TINY if not word.startswith("model.backbone")),
    UNTRACKED,
    "data.train=61",  # four batches of 14 and one of 5
    "data.validation=520",  # three batches for two processes
    "data.size=24",
    "model=cnn1",  # no batch norm
    "model.dense=[16]",
    "model.dropout=0",
    "augment=strong",
    "augment.mixup.alpha=0.2",
    "optimizer=momentum",
    "optimizer.lr=0.01",
    "loss.class_weights=balanced",
    "trainer.max_epochs=2",
    "trainer.ema_decay=0.9",
    "trainer.patience=5",
)


class Asks(DDPStrategy):
    """SIGTERM comes to the first process alone, while the second epoch's second step is agreed on.

    It counts from the third step on.
    """

    def reduce(self, tensor: Tensor, *others: Any, **more: Any) -> Tensor:
        trainer = self.lightning_module.trainer
        if more == {"reduce_op": "max"} and (trainer.current_epoch, trainer.global_step) == (1, 7):
            signal.raise_signal(signal.SIGTERM)
        return super().reduce(tensor, *others, **more)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """Two processes, asked to end within an epoch, started again."""
    folder = tmp_path_factory.mktemp("two")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fer.training.lightning_trainer, "DDPStrategy", Asks)
        told = here("train", *UNEVEN, TWO, folder=folder)
    assert told.status == 128 + signal.SIGTERM, told.err
    run = only_run(folder)
    assert run.status["state"] == "interrupted" and len(run.rows()) == 1
    kept = torch.load(run.middle, weights_only=True)["callbacks"]["Recorder"]["middle"]
    assert kept["batches"] == 3 and len(kept["others"]) == 1
    told = here("train", *UNEVEN, TWO, folder=folder)
    assert told.status == 0, told.err
    assert "going on within epoch 2" in told.out
    return run


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """One process, undisturbed."""
    folder = tmp_path_factory.mktemp("one")
    told = here("train", *UNEVEN, folder=folder)
    assert told.status == 0, told.err
    return only_run(folder)


@pytest.mark.slow
def test_follows_one_process(two: RunFolder, one: RunFolder) -> None:
    state, other = (torch.load(run.last, weights_only=True) for run in (two, one))
    for key in ("state_dict", "current_model_state"):  # averaged weights, and those that learn
        for name, tensor in other[key].items():
            assert torch.allclose(state[key][name], tensor, rtol=1e-4, atol=1e-6), name
    for row, twin in zip(two.rows(), one.rows(), strict=True):
        assert row["train/dominant_accuracy"] == twin["train/dominant_accuracy"]
        for key in ("train/loss", "validation/loss"):
            assert row[key] == pytest.approx(twin[key], rel=1e-5)
    assert two.path.name != one.path.name  # close, not equal: another result


@pytest.mark.slow
def test_validation_is_that_of_one_process_to_the_last_bit(two: RunFolder) -> None:
    chosen = two.settings
    chosen["paths"]["cache"] = str(two.path.parents[1] / "cache")
    data = build_data(chosen)
    data.open(progress=False)
    divide(chosen, data)
    trainer = Trainer(accelerator="cpu", devices=1, logger=False, enable_progress_bar=False)
    (figures,) = trainer.validate(load_model(two), datamodule=data, verbose=False)
    row = next(row for row in two.rows() if row["epoch"] == two.results()["epoch"])
    assert figures == {key: row[key] for key in figures}
    assert len(figures) == 4


@pytest.mark.slow
def test_one_writes(two: RunFolder, one: RunFolder) -> None:
    def files(run: RunFolder) -> set[str]:
        found = contents(run.path.parents[2])
        return {name.replace(run.path.name, "run") for name in found}

    assert files(two) == files(one)
    assert two.status["state"] == "finished" and one.status["state"] == "finished"
    assert [row["epoch"] for row in two.rows()] == [1, 2]
    assert len(two.status["test_looks"]) == 1


@pytest.mark.slow
def test_torchrun_starts_the_processes(tmp_path: Path) -> None:
    start = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2")
    done = subprocess.run(
        [sys.executable, *start, "-m", "fer.train", *TINY, UNTRACKED, TWO],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [done.stdout.count(words) for words in ("images: train 28", "epoch 1/1")] == [1, 1]
    run = only_run(tmp_path)
    assert run.status["state"] == "finished" and run.settings["trainer"]["devices"] == 2
    assert [row["epoch"] for row in run.rows()] == [1]
    assert run.results()["n"] == 14 and len(run.status["test_looks"]) == 1
    cache = [path for path in (tmp_path / "outputs" / "cache").rglob("*") if path.is_file()]
    made = max(path.stat().st_mtime_ns for path in cache)
    assert made < run.split.stat().st_mtime_ns  # by the first, before the second is told of it


def test_jobs_side_by_side_would_share_devices() -> None:
    joblib = "hydra_plugins.hydra_joblib_launcher.joblib_launcher.JoblibLauncher"
    with pytest.raises(ConfigError, match="hydra/launcher=basic"):
        check_sweep(composed(TWO), joblib)
    check_sweep(composed(), joblib)
    check_sweep(composed(TWO), "hydra._internal.core_plugins.basic_launcher.BasicLauncher")


def test_torchrun_starts_as_many_processes_as_the_settings_say(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    check_training(composed(TWO))
    for name, value in {"TORCHELASTIC_RUN_ID": "x", "WORLD_SIZE": "4", "RANK": "0"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match="torchrun has started 4 processes"):
        check_training(composed(TWO))
    check_training(composed(TWO, "trainer.nodes=2"))
    with pytest.raises(ConfigError, match="one run"):
        check_training(composed(TWO, "trainer.nodes=2", "trials=2"))
    with pytest.raises(ConfigError, match="sweep without it"):
        check_sweep(composed(TWO, "trainer.nodes=2"), "BasicLauncher")


def test_the_others_find_everything_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = RunFolder("outputs/default/run")
    task = task_of(settings(TWO), run, run.last)
    for path in (task["run"], task["checkpoint"], *task["paths"].values()):
        assert path.startswith(f"{tmp_path}/")


@pytest.mark.skipif(not Path("/proc/net/tcp6").is_file(), reason="Linux lists sockets there")
def test_no_other_machine_reaches_what_the_processes_tell_each_other() -> None:
    server = local_server()
    port, listening = f":{server.port:04X}", "0A"
    lines = [
        line.split()
        for file in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(file).read_text().splitlines()
    ]
    found = [line[1] for line in lines if line[1].endswith(port) and line[3] == listening]
    assert found == [f"0100007F{port}"]  # 127.0.0.1


def test_more_gpus_than_there_are() -> None:
    with pytest.raises(ConfigError, match=r"trainer.devices=64: this machine has \d+ GPUs"):
        settle_devices(settings(TWO, "trainer.devices=64", "trainer.accelerator=gpu"))


def test_shared_norms_keep_what_timm_adds_to_them() -> None:
    norm = torch.nn.Sequential(BatchNormAct2d(3)).eval()  # torch's own way would drop the ReLU
    images = torch.randn(2, 3, 4, 4)
    told = norm(images)
    assert torch.equal(convert_sync_batchnorm(norm)(images), told) and told.min() == 0
