"""A sweep on two workers of a Ray cluster, one of which is lost; RAY_ADDRESS names one of yours."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.commands import TINY, UNTRACKED, environment, runs

pytestmark = pytest.mark.slow

SETTINGS = (*TINY, UNTRACKED, "data.train=280", "trainer.max_epochs=8", "optimizer.lr=0.001,0.002")
PATIENCE = 900
"""Seconds that any one thing may take; a busy machine needs minutes for a start of torch."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    if importlib.util.find_spec("ray") is None:
        pytest.skip("hydra-ray-launcher is not installed: the extra [ray]")
    if "RAY_ADDRESS" in os.environ:
        yield os.environ["RAY_ADDRESS"]
        return
    from ray.cluster_utils import Cluster

    try:
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
        cluster.add_node(num_cpus=1)
    except Exception as error:
        pytest.skip(f"Ray does not run here: {error}")
    yield cluster.address
    cluster.shutdown()


def test_a_job_whose_worker_is_lost_goes_on(address: str, tmp_path: Path) -> None:
    remote = ("num_cpus=1", "num_gpus=0")
    launcher = [f"hydra.launcher.ray.remote.{each}" for each in remote]
    launcher += ["hydra/launcher=ray_cluster", f"hydra.launcher.ray.init.address='{address}'"]
    command = subprocess.Popen(
        [sys.executable, "-m", "fer.train", "-m", *launcher, *SETTINGS],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        end = time.monotonic() + PATIENCE
        while not (training := [run for run in runs(tmp_path) if run.rows()]):
            assert command.poll() is None and time.monotonic() < end
            time.sleep(0.1)
        lost = training[0]
        os.kill(json.loads((lost.path / ".lock").read_text())["pid"], signal.SIGKILL)
        out, _ = command.communicate(timeout=PATIENCE)
    finally:
        command.kill()
    assert command.returncode == 0, out
    (table,) = tmp_path.glob("outputs/default/sweep-*/sweep.csv")
    with table.open(newline="") as file:
        assert [row["status"] for row in csv.DictReader(file)] == ["finished", "finished"]
    found = runs(tmp_path)
    assert {run.path.name: len(run.status["resumed"]) for run in found} == {
        run.path.name: int(run.path.name == lost.path.name) for run in found
    }
    for run in found:
        assert [row["epoch"] for row in run.rows()] == list(range(1, 9))
