"""A sweep on a real Slurm of two nodes; each of its jobs but one is taken off the cluster once."""

from __future__ import annotations

import csv
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fer.runs.folder import RunFolder
from tests.end_to_end.commands import TINY, UNTRACKED, assert_same_training, environment, here, runs

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
RATES = (0.001, 0.002, 0.003, 0.004)
SETTINGS = (*TINY, UNTRACKED, "data.train=280", "trainer.max_epochs=12")
"""Twenty steps an epoch: time enough to meet a job in the middle of its training."""
SMALL = ("gpus_per_node=null", "cpus_per_task=1", "mem_gb=1", "timeout_min=20")
PATIENCE = 900
"""Seconds that any one thing may take; a busy machine needs minutes for a start of torch."""


@dataclass
class Cluster:
    """A running Slurm; every command that it is given is printed with what it answers."""

    folder: Path

    def ask(self, *command: str) -> str:
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=60, check=True
        )
        print(f"{time.strftime('%H:%M:%S')} $ {' '.join(command)}\n{done.stdout}", flush=True)
        return done.stdout

    def send(self, signal: str, job: str) -> None:
        """Not waited for: where the job ends at it, scancel tries again for minutes."""
        command = ["scancel", f"--signal={signal}", job]
        subprocess.Popen(command, env=self.environment, stderr=subprocess.DEVNULL)
        print(f"{time.strftime('%H:%M:%S')} $ {' '.join(command)}\n", flush=True)

    @property
    def environment(self) -> dict[str, str]:
        return environment() | {"SLURM_CONF": str(self.folder / "slurm.conf")}

    def jobs(self) -> dict[str, tuple[str, str]]:
        """State and node of each job that is not over, by its id."""
        told = subprocess.run(
            ["squeue", "--noheader", "--array", "--format=%i|%T|%N"],
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        rows = (line.split("|") for line in told.stdout.splitlines())
        return {name: (state, node) for name, state, node in rows}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    missing = [
        name for name in ("slurmctld", "slurmd", "munged", "sbatch") if shutil.which(name) is None
    ]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed: apt-get install slurm-wlm munge")
    if importlib.util.find_spec("submitit") is None:
        pytest.skip("hydra-submitit-launcher is not installed: the extra [slurm]")
    if os.geteuid() != 0:
        pytest.skip("only root can start a Slurm")
    folder = tmp_path_factory.mktemp("slurm")
    try:
        started = subprocess.run([HERE / "start.sh", folder], capture_output=True, text=True)
        if started.returncode != 0:
            pytest.skip(f"Slurm does not run here: {started.stderr[-500:]}")
        yield Cluster(folder)
    finally:
        subprocess.run([HERE / "stop.sh", folder], check=True)


@dataclass
class Sweep:
    """A sweep that went through all of it."""

    folder: Path
    status: int
    out: str
    away: str
    working: set[str]

    def run(self, rate: float) -> RunFolder:
        return by_rate(self.folder)[rate]

    def log(self, job: int) -> str:
        (log,) = self.folder.glob(f"outputs/default/sweep-*/.submitit/*_{job}/*_log.out")
        return log.read_text()


@pytest.fixture(scope="module")
def sweep(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sweep]:
    folder = tmp_path_factory.mktemp("sweep")
    launcher = ("hydra/launcher=slurm", *(f"hydra.launcher.{each}" for each in SMALL))
    rates = f"optimizer.lr={','.join(map(str, RATES))}"
    words = [sys.executable, "-m", "fer.train", "-m", *launcher, *SETTINGS, rates]
    with (folder / "told.txt").open("w") as file:
        command = subprocess.Popen(
            words, cwd=folder, env=cluster.environment, stdout=file, stderr=subprocess.STDOUT
        )
    try:
        away, working = disturb(cluster, folder)
        status = command.wait(PATIENCE)
    finally:
        command.kill()
        print((folder / "told.txt").read_text())
    yield Sweep(folder, status, (folder / "told.txt").read_text(), away, working)


def disturb(cluster: Cluster, folder: Path) -> tuple[str, set[str]]:
    """Three jobs lose their place, one node is away meanwhile; that one, and those that worked."""
    until("the jobs are queued", lambda: len(cluster.jobs()) == len(RATES))
    array = next(iter(cluster.jobs())).partition("_")[0]

    def is_pending(job: int) -> bool:
        return cluster.jobs()[f"{array}_{job}"][0] == "PENDING"

    until("job 0 trains", lambda: trains(folder, 0))
    cluster.ask("squeue", "--array")
    cluster.send("USR2", f"{array}_0")  # as before its time limit
    until("job 1 trains", lambda: trains(folder, 1))
    away = cluster.jobs()[f"{array}_1"][1]
    cluster.ask("scontrol", "update", f"nodename={away}", "state=drain", "reason=repair")
    cluster.ask("scontrol", "requeue", f"{array}_1")
    until("jobs 0 and 1 are requeued", lambda: is_pending(0) and is_pending(1))
    cluster.ask("scontrol", "show", "job", f"{array}_0")

    until("job 2 trains", lambda: trains(folder, 2))
    other = cluster.jobs()[f"{array}_2"][1]
    day = ("--partition=day", f"--nodelist={other}", "--output=/dev/null", "--wrap=sleep 1")
    cluster.ask("sbatch", *day)
    cluster.ask("sinfo", "--Node", "--long", "--partition=night")
    cluster.ask("squeue", "--array")
    working = {node for state, node in cluster.jobs().values() if state == "RUNNING"}
    until("job 2 is requeued", lambda: is_pending(2))
    cluster.ask("scontrol", "update", f"nodename={away}", "state=resume")
    return away, working


def until(what: str, holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.1)


def trains(folder: Path, job: int) -> bool:
    """Whether the job's run has finished an epoch."""
    run = by_rate(folder).get(RATES[job])
    return run is not None and bool(run.rows())


def by_rate(folder: Path) -> dict[float, RunFolder]:
    return {run.config.optimizer.lr: run for run in runs(folder)}


def test_every_job_finishes(sweep: Sweep) -> None:
    assert sweep.status == 0, sweep.out
    assert "the jobs run without this command" in sweep.out
    (table,) = sweep.folder.glob("outputs/default/sweep-*/sweep.csv")
    with table.open(newline="") as file:
        assert [row["status"] for row in csv.DictReader(file)] == ["finished"] * len(RATES)
    for rate in RATES:
        assert [row["epoch"] for row in sweep.run(rate).rows()] == list(range(1, 13))


@pytest.mark.parametrize(
    ("job", "times", "name"), [(0, 1, "SIGUSR2"), (1, 1, "SIGTERM"), (2, 1, "SIGTERM"), (3, 0, "")]
)
def test_goes_on_where_it_was(sweep: Sweep, job: int, times: int, name: str) -> None:
    log = sweep.log(job)
    assert len(sweep.run(RATES[job]).status["resumed"]) == times
    assert log.count("finishing the step and writing it down") == times
    assert len(re.findall(r"going on (?:within|after) epoch", log)) == times  # as the signal falls
    assert log.count(f"ended by {name}: the same command goes on") == times


def test_only_those_that_slurm_would_not_are_requeued_by_themselves(sweep: Sweep) -> None:
    words = r"Requeued job|asked for a requeue"
    asked = [re.search(words, sweep.log(job)) is not None for job in range(len(RATES))]
    assert asked == [True, False, True, False]  # time limit, scontrol requeue, time of grace, none


def test_is_the_run_that_nobody_disturbed(sweep: Sweep, tmp_path: Path) -> None:
    told = here("train", *SETTINGS, f"optimizer.lr={RATES[0]}", folder=tmp_path)
    assert told.status == 0, told.err
    assert_same_training(sweep.run(RATES[0]), by_rate(tmp_path)[RATES[0]])


def test_a_drained_node_gets_nothing(sweep: Sweep) -> None:
    assert {sweep.away} | sweep.working == {"n1", "n2"}
    assert sweep.away not in sweep.working
