"""W&B online while its server is away, slow or refusing: nothing waits for it, nothing is lost."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import wandb
from lightning import Trainer
from lightning.pytorch.callbacks import Callback

import fer.runs.wandb_record
import fer.training.lightning_trainer
from fer.errors import FerError
from fer.runs.folder import RunFolder
from fer.runs.wandb_record import Record
from tests.end_to_end.commands import TINY, assert_same_training, here, only_run
from tests.faults.wandb_server import WandbServer, serving
from tests.wandb_records import read_wandb, wandb_files

TIMEOUT = 1.5
"""Seconds that W&B's server is waited for, at the start and at the end."""

BUSY = 80.0
"""Seconds that all else may take on a busy machine: W&B alone would wait longer than both."""

ONLINE = (*TINY, "trainer.max_epochs=2", "logger.mode=online", f"logger.timeout={TIMEOUT}")


@pytest.fixture(autouse=True)
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Somebody logged in, whose machine knows no other server."""
    home = tmp_path / "home"
    for name in ("HOME", "WANDB_CONFIG_DIR", "WANDB_CACHE_DIR", "WANDB_DATA_DIR"):
        monkeypatch.setenv(name, str(home / name.lower()))
    monkeypatch.setenv("WANDB_API_KEY", "0123456789" * 4)
    wandb.teardown()  # its process keeps the address of the first server that it heard of
    yield
    wandb.teardown()


@pytest.fixture
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """W&B's address, where something is in a mood; `refuses`: nothing listens there."""
    with ExitStack() as stack:
        if request.param == "refuses":
            free = stack.enter_context(socket.socket())
            free.bind(("127.0.0.1", 0))  # bound, but it does not listen
            address = f"http://127.0.0.1:{free.getsockname()[1]}"
        else:
            address = stack.enter_context(serving(request.param)).url
        monkeypatch.setenv("WANDB_BASE_URL", address)
        yield request.param


@pytest.fixture
def well(monkeypatch: pytest.MonkeyPatch) -> Iterator[WandbServer]:
    """A server that answers, until its mood is changed."""
    with serving() as server:
        monkeypatch.setenv("WANDB_BASE_URL", server.url)
        yield server


def told_once(err: str, reason: str) -> Path:
    """The folder that the one line about W&B says to send."""
    lines = [line for line in err.splitlines() if "wandb sync" in line]
    assert len(lines) == 1 and reason in lines[0], err
    assert "Traceback" not in err
    return Path(lines[0].rpartition("`wandb sync ")[2].partition("`")[0])


def epochs(record: Path) -> list[float]:
    """Those in the history of the record in a folder."""
    (file,) = record.glob("*.wandb")
    return [row["epoch"] for row in read_wandb(file).history if "epoch" in row]


REASONS = {
    "refuses": "connection refused",
    "stalls": "deadline exceeded",
    "500": "HTTP 500",
    "403": "error 403",
}


@pytest.mark.parametrize("server", REASONS, indirect=True)
def test_not_there_at_the_start(
    server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    started = time.monotonic()
    record = Record(tmp_path, "online", TIMEOUT, id="one", project="fer")
    for epoch in (1, 2):
        record.run.log({"epoch": epoch}, step=epoch)
    record.finish(0)
    wandb.teardown()  # as the process's end does
    assert time.monotonic() - started < TIMEOUT + BUSY
    folder = told_once(capsys.readouterr().err, REASONS[server])
    assert epochs(folder) == [1, 2]
    assert [path.name for path in tmp_path.glob("wandb/*run-2*")] == [folder.name]


@pytest.mark.parametrize("mood", ["stalls", "500", "403", "gone"])
def test_goes_away_meanwhile(
    mood: str, well: WandbServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = Record(tmp_path, "online", TIMEOUT, id="one", project="fer")
    record.run.log({"epoch": 1}, step=1)
    if mood == "gone":
        well.shutdown()
        well.server_close()
    well.mood = mood
    started = time.monotonic()
    for epoch in (2, 3):
        record.run.log({"epoch": epoch}, step=epoch)
    record.finish(0)
    wandb.teardown()
    assert time.monotonic() - started < TIMEOUT + BUSY
    reason = "refused a part" if mood == "403" else f"not within {TIMEOUT:g} s"
    assert epochs(told_once(capsys.readouterr().err, reason)) == [1, 2, 3]


def test_its_own_process_is_killed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """W&B's, by a machine that is out of memory for example: the training goes on."""
    record = Record(tmp_path, "offline", TIMEOUT, id="one", project="fer")
    service = wandb.setup()._connection._proc  # type: ignore[union-attr]
    assert service is not None
    service._process.kill()
    service.join()
    for epoch in (1, 2):
        with record.unharmed():
            record.run.log({"epoch": epoch}, step=epoch)
    record.finish(0)
    assert "is not whole (ConnectionResetError" in capfd.readouterr().err
    Record(tmp_path, "offline", TIMEOUT, id="next", project="fer").finish(0)
    wandb.teardown()
    assert capfd.readouterr().err == ""


def test_its_own_process_hangs(
    well: WandbServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """W&B would wait for it without end."""
    monkeypatch.setattr(fer.runs.wandb_record, "PATIENCE", 1.0)
    record = Record(tmp_path, "online", TIMEOUT, id="one", project="fer")
    record.run.log({"epoch": 1}, step=1)
    service = wandb.setup()._connection._proc  # type: ignore[union-attr]
    assert service is not None
    service._process.send_signal(signal.SIGSTOP)
    started = time.monotonic()
    record.finish(0)
    assert time.monotonic() - started < TIMEOUT + BUSY
    assert service._process.poll() == -signal.SIGKILL
    told_once(capsys.readouterr().err, "has not taken all of this run (its own process hung)")


def test_nobody_logged_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That is known at once, and mended before anything is trained."""
    monkeypatch.delenv("WANDB_API_KEY")
    with pytest.raises(FerError, match=r"wandb login.*logger\.mode=offline"):
        Record(tmp_path, "online", TIMEOUT, id="one", project="fer")


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """The same training with W&B offline."""
    folder = tmp_path_factory.mktemp("offline")
    assert here("train", *ONLINE, "logger.mode=offline", folder=folder).status == 0
    return only_run(folder)


@pytest.fixture
def spoken_to(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Whom this process itself, not W&B's beside it, connects to."""
    found: list[Any] = []
    connect = socket.socket.connect

    def noting(self: socket.socket, address: Any) -> None:
        found.append(address)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", noting)
    return found


def assert_not_harmed(run: RunFolder, offline: RunFolder, spoken_to: list[Any]) -> None:
    """The same training, in a process that leaves the server to W&B's own."""
    assert_same_training(run, offline)
    server = urlsplit(os.environ["WANDB_BASE_URL"])
    assert spoken_to and (server.hostname, server.port) not in spoken_to


@pytest.mark.parametrize(
    "server",
    ["stalls", *(pytest.param(mood, marks=pytest.mark.slow) for mood in ("refuses", "403"))],
    indirect=True,
)
def test_training_without_a_server(
    server: str, offline: RunFolder, spoken_to: list[Any], tmp_path: Path
) -> None:
    started = time.monotonic()
    told = here("train", *ONLINE, folder=tmp_path)
    assert told.status == 0, told.err
    assert time.monotonic() - started < TIMEOUT + BUSY
    run = only_run(tmp_path)
    folder = told_once(told.err, REASONS[server])
    assert [folder] == [path.parent.resolve() for path in wandb_files(run.path)]
    assert epochs(folder) == [1, 2]
    assert_not_harmed(run, offline, spoken_to)


class ChangesMood(Callback):
    """Once the first epoch is done."""

    def __init__(self, server: WandbServer, mood: str) -> None:
        self.server, self.mood = server, mood

    def on_train_epoch_start(self, trainer: Trainer, *others: object) -> None:
        if trainer.current_epoch == 1:
            self.server.mood = self.mood


@pytest.mark.parametrize(
    "mood",
    ["well", *(pytest.param(mood, marks=pytest.mark.slow) for mood in ("stalls", "slow"))],
)
def test_training_with_one(
    mood: str,
    well: WandbServer,
    offline: RunFolder,
    spoken_to: list[Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    more = ("logger.timeout=20",) if mood == "well" else ()
    changes = [ChangesMood(well, mood)]
    monkeypatch.setattr(fer.training.lightning_trainer, "progress_callbacks", lambda kind: changes)
    started = time.monotonic()
    told = here("train", *ONLINE, *more, folder=tmp_path)
    assert told.status == 0, told.err
    assert time.monotonic() - started < 4 * TIMEOUT + BUSY
    run = only_run(tmp_path)
    if mood == "well":
        assert "wandb sync" not in told.err
        assert [row["epoch"] for row in well.history if "epoch" in row] == [1, 2]
        assert any("confusion_matrix" in name for name in well.uploads)
        assert any("per_class" in name for name in well.uploads)
    else:
        folder = told_once(told.err, "has not taken all of this run")
        assert folder.parent == (run.path / "wandb").resolve() and epochs(folder) == [1, 2]
    assert_not_harmed(run, offline, spoken_to)
