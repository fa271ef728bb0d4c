"""A sweep's jobs on other machines: what is refused, and who is put back into the queue."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import signal
from inspect import getsource
from pathlib import Path
from typing import Any

import pytest
from hydra.errors import MissingConfigException
from omegaconf import OmegaConf

import fer.config
import fer.evaluation.sweep_report
from fer.config import CONF
from fer.evaluation.sweep_report import write_sweep_report
from fer.processes.requeueing import requeue
from fer.settings.unknown import explain
from fer.training.sweep_summary import summarise
from tests.end_to_end.commands import TINY, here, runs

submitit = pytest.mark.skipif(
    importlib.util.find_spec("submitit") is None, reason="hydra-submitit-launcher is not installed"
)


@pytest.mark.parametrize(
    ("launcher", "extra"), [("submitit_slurm", "slurm"), ("joblib", "parallel"), ("ray", "ray")]
)
def test_a_launcher_that_is_not_installed_is_named_with_its_extra(
    launcher: str, extra: str
) -> None:
    error = MissingConfigException("not there", f"hydra/launcher/{launcher}", [])
    assert f"pip install 'fer-experiments[{extra}]'" in explain(error, CONF, "train")


def test_what_names_sweep_and_launch_reaches_machines_that_inherit_no_environment() -> None:
    set_by_the_command = set(re.findall(r'os\.environ\["(FER_\w+)"\] =', getsource(fer.config)))
    ray: Any = OmegaConf.load(CONF / "hydra" / "launcher" / "ray_cluster.yaml")
    assert set(ray.ray.init.runtime_env.env_vars) == set_by_the_command != set()


def test_one_run_takes_no_launcher(tmp_path: Path) -> None:
    told = here("train", *TINY, "hydra/launcher=joblib", folder=tmp_path)
    assert told.status == 2
    assert told.err == "error: hydra/launcher=joblib is for sweeps: add -m, also for a single job\n"
    assert runs(tmp_path) == []


@submitit
@pytest.mark.parametrize("setting", ["nodes=2", "tasks_per_node=4"])
def test_a_job_is_one_task(setting: str, tmp_path: Path) -> None:
    words = ("hydra/launcher=slurm", f"hydra.launcher.{setting}")
    told = here("train", "-m", *TINY, *words, folder=tmp_path)
    assert told.status == 2 and len(told.err.splitlines()) == 1
    assert told.err.startswith(f"error: hydra.launcher.{setting} cannot be: each task would train")
    assert "trainer=ddp" in told.err and "torchrun" in told.err
    assert not list(tmp_path.iterdir())


@submitit
def test_without_a_cluster_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    told = here("train", "-m", *TINY, "hydra/launcher=slurm", folder=tmp_path)
    assert told.status == 1
    assert told.err.startswith('error: Could not detect "srun"')
    assert "Traceback" not in told.err
    assert "logs: outputs/default/sweep-" in told.out


class Launcher:
    """A handler such as submitit's: notes the signal, and ends the process or says why not."""

    def __init__(self, error: BaseException) -> None:
        self.error, self.asked = error, list[int]()

    def __call__(self, number: int, frame: object) -> None:
        self.asked.append(number)
        raise self.error


@pytest.mark.parametrize(
    ("asked", "state", "requeued"),
    [
        (signal.SIGUSR2, "RUNNING", True),
        (signal.SIGUSR1, "RUNNING", False),  # to which nobody listens
        (signal.SIGTERM, "RUNNING", True),  # pre-empted, in its time of grace
        (signal.SIGTERM, "COMPLETING", False),  # cancelled, or Slurm requeues it itself
        (signal.SIGTERM, "", False),  # Slurm does not answer
        (signal.SIGINT, "RUNNING", False),
    ],
)
def test_who_is_requeued(
    asked: signal.Signals,
    state: str,
    requeued: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    squeue = tmp_path / "squeue"
    squeue.write_text(f'#!/bin/sh\n[ "$2" = --jobs=7 ] && echo "{state}"\n')
    squeue.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    launcher = Launcher(SystemExit(-1))
    others = {signal.SIGINT: launcher, signal.SIGTERM: launcher, signal.SIGUSR1: signal.SIG_DFL}
    requeue(asked, {**others, signal.SIGUSR2: launcher})
    assert launcher.asked == [signal.SIGUSR2] * requeued


def test_what_is_not_requeued_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    launcher = Launcher(RuntimeError("Job not requeued because: timed-out too many times."))
    requeue(signal.SIGUSR2, {signal.SIGUSR2: launcher})
    told = capsys.readouterr().err
    assert told == "Job not requeued because: timed-out too many times. The same command goes on.\n"


def test_nobody_is_requeued_outside_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    launcher = Launcher(SystemExit(-1))
    requeue(signal.SIGTERM, {signal.SIGUSR2: launcher})
    assert launcher.asked == []


def test_a_job_that_ends_while_the_summary_is_written_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Jobs elsewhere write their records at any time, and each writes the summary."""

    def record(number: int, status: str) -> None:
        path = tmp_path / "jobs" / f"{number:04d}.json"
        path.parent.mkdir(exist_ok=True)
        story = {"number": number, "overrides": [f"seed={number}"], "status": status}
        path.write_text(json.dumps(story))

    written = []

    def meanwhile(*given: object) -> None:
        written.append(given)
        if len(written) == 1:
            record(1, "interrupted")
        write_sweep_report(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(fer.evaluation.sweep_report, "write_sweep_report", meanwhile)
    record(0, "running")
    record(1, "running")
    assert [job["status"] for job in summarise(tmp_path)] == ["running", "interrupted"]
    assert "interrupted" in (tmp_path / "sweep.csv").read_text()
    assert len(written) == 2
