"""A lock has one owner, even where the one before is just leaving, or nobody passes locks on."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fer.errors import RunError
from fer.processes import locking
from fer.processes.locking import Lock, locked


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locking, "POLL", 0.01)
    monkeypatch.setattr(locking, "BEAT", 0.02)
    monkeypatch.setattr(locking, "SILENCE", 0.5)


@pytest.fixture(params=["system locks", "no system locks"])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, and on shared disks that refuse locks."""
    if request.param == "no system locks":
        monkeypatch.setattr(locking, "fcntl", None)


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each thread is a machine with locks of its own, which never keep another machine out."""
    monkeypatch.setattr(locking, "_system_lock", lambda file: True)
    name = lambda: threading.current_thread().name  # noqa: E731
    monkeypatch.setattr(locking.socket, "gethostname", name)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Callable[[], None]]:
    """Once called, `.lock` has an owner on another machine that gives signs of life."""
    path, ended = tmp_path / ".lock", threading.Event()
    owner: dict[str, str | int] = {"host": "elsewhere", "pid": 7, "user": "ada"}
    beating = threading.Thread(target=locking._beat, args=(Lock(path, owner), ended))

    def begin() -> None:
        path.write_text(json.dumps(owner))
        beating.start()

    yield begin
    ended.set()
    if beating.ident is not None:
        beating.join()


@pytest.mark.usefixtures("either")
def test_one_owner_and_no_trace(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    with locked(path, "taken") as lock:
        with pytest.raises(RunError, match="taken"), locked(path, "taken"):
            pass
        assert lock.is_held()
    assert not path.exists()


def test_a_lock_that_was_removed_meanwhile_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The owner leaves after the file was opened and before it is locked."""
    path, flock, left = tmp_path / ".lock", locking.fcntl.flock, []

    def leaves_first(file: object, how: int) -> None:
        if not left:
            left.append(path.stat().st_ino)
            path.rename(tmp_path / "removed")  # keeps its number from being given out again
        flock(file, how)

    monkeypatch.setattr(locking.fcntl, "flock", leaves_first)
    with locked(path, "taken"):
        assert path.stat().st_ino != left[0]
        monkeypatch.undo()
        with pytest.raises(RunError), locked(path, "taken"):
            pass


def test_it_names_its_owner(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    owner = f"process {os.getpid()} on {socket.gethostname()}"
    with (
        locked(path, "taken"),
        pytest.raises(RunError, match=rf"taken \({owner}.*\): wait for it, or end it"),
        locked(path, "taken"),
    ):
        pass


@pytest.mark.usefixtures("either")
def test_who_waits_gets_it_next(tmp_path: Path) -> None:
    path, told, done = tmp_path / ".lock", [], []

    def second() -> None:
        with locked(path, "taken", told.append):
            done.append("second")

    waiting = threading.Thread(target=second)
    with locked(path, "taken"):
        waiting.start()
        while not told:
            time.sleep(0.01)
        done.append("first")
    waiting.join()
    assert done == ["first", "second"] and told[0].endswith("waiting for it")
    assert len(told) == 1 and not path.exists()


def test_a_dead_owner_on_this_machine_is_followed_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locking, "SILENCE", 1e6)
    path = tmp_path / ".lock"
    path.write_text(json.dumps({"host": socket.gethostname(), "pid": 1}))
    with locked(path, "taken"):
        assert json.loads(path.read_text())["pid"] == os.getpid()


@pytest.mark.usefixtures("either")
def test_an_owner_elsewhere_counts_as_long_as_it_gives_signs_of_life(
    tmp_path: Path, elsewhere: Callable[[], None]
) -> None:
    path = tmp_path / ".lock"
    elsewhere()
    with pytest.raises(RunError, match="process 7 on elsewhere, ada"), locked(path, "taken"):
        pass
    path.write_text(path.read_text() + " ")  # as its owner's end
    path.write_text(json.dumps({"host": "elsewhere", "pid": 8}))  # 7 gives no signs for it
    with locked(path, "taken"):
        assert "elsewhere" not in path.read_text()


def test_a_file_that_another_machine_has_just_made_is_its_own(
    tmp_path: Path, elsewhere: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locking, "BEAT", 0.5)
    path = tmp_path / ".lock"
    path.touch()
    signs = threading.Timer(0.1, elsewhere)
    signs.start()
    with pytest.raises(RunError, match="it has just begun"), locked(path, "taken"):
        pass
    signs.join()
    assert "elsewhere" in path.read_text()


@pytest.mark.usefixtures("either")
def test_a_file_whose_maker_died_at_once_is_taken(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    path.touch()
    with locked(path, "taken") as lock:
        assert lock.is_held()


@pytest.mark.usefixtures("apart")
@pytest.mark.parametrize("step", ["_read", "_is_alive"], ids=["nobody's", "a dead one's"])
def test_machines_that_want_it_at_once_have_it_in_turn(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locking, "POLL", 0.2)
    path, inside, most = tmp_path / ".lock", [], []
    if step == "_is_alive":
        path.write_text(json.dumps({"host": "dead", "pid": 1}))
    both, waited, real = threading.Barrier(2), set(), getattr(locking, step)

    def at_once(*arguments: object) -> object:
        """The step, of which both have the first behind them before one goes on."""
        found = real(*arguments)
        if threading.current_thread() in set(machines) - waited:
            waited.add(threading.current_thread())
            both.wait(timeout=20)
        return found

    def enter() -> None:
        with locked(path, "taken", lambda text: None):
            inside.append(1)
            time.sleep(0.3)
            most.append(len(inside))
            inside.pop()

    monkeypatch.setattr(locking, step, at_once)
    machines = [threading.Thread(target=enter, name=f"machine {n}") for n in range(2)]
    for machine in machines:
        machine.start()
    for machine in machines:
        machine.join()
    assert most == [1, 1] and len(waited) == 2


OWNER = """
import sys
from pathlib import Path
from fer.processes import locking

locking.fcntl, locking.BEAT = None, 0.02
with locking.locked(Path(sys.argv[1]), "taken") as lock:
    for _ in sys.stdin:
        print(lock.is_held(), flush=True)
"""


def test_an_owner_that_stood_still_for_too_long_has_lost_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that slept, or was cut off from the disk, goes on as if nothing had been."""
    monkeypatch.setattr(locking, "fcntl", None)
    path = tmp_path / ".lock"
    command, pipe = [sys.executable, "-c", OWNER, str(path)], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as first:
        assert first.stdin and first.stdout

        def asked() -> str:
            first.stdin.write("\n")
            first.stdin.flush()
            return first.stdout.readline().strip()

        assert asked() == "True"
        first.send_signal(signal.SIGSTOP)
        with locked(path, "taken") as second:
            first.send_signal(signal.SIGCONT)
            assert asked() == "False"
            first.communicate()
            assert first.returncode == 0
            assert second.is_held()
            with pytest.raises(RunError, match=str(os.getpid())), locked(path, "taken"):
                pass
    assert not path.exists()


def test_a_file_that_could_not_be_written_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(number: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(locking.os, "fsync", full)
    with pytest.raises(OSError, match="no space"), locked(tmp_path / ".lock", "taken"):
        pass
    assert not list(tmp_path.iterdir())
