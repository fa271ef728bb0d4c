"""Data sets that are read in blocks: side by side, bounded, and on from where it was broken off."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fer.data import cache_writer
from fer.data.cache import open_faces
from fer.data.faces import Faces
from fer.data.joined import JoinedImages
from fer.data.readers import ListedReader, OnBad, Opener, Record
from fer.errors import DataError


class Numbers:
    """Makes the face of a number; `bad` ones cannot be read, `fatal` ones end the process."""

    def __init__(
        self, log: Path, bad: Sequence[int] = (), fatal: int = -1, pause: float = 0
    ) -> None:
        self.log, self.bad, self.fatal, self.pause = log, bad, fatal, pause
        self.seen: list[int] = []

    def __call__(self, number: int, on_bad: OnBad) -> Record | None:
        with self.log.open("a", encoding="ascii") as file:
            file.write(f"{number} {os.getpid()}\n")
        time.sleep(self.pause)
        if number == self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        if number == -2:
            raise KeyboardInterrupt
        if number in self.bad:
            return on_bad(f"face {number}", "cannot be read")
        self.seen.append(number)
        subject = f"person {number}" if number > 5 else None
        votes = (0.5, 0.5) if number < 8 else None
        image = np.full((4, 6), number, dtype=np.uint8)
        return Record(image, number % 2, f"face {number}", subject=subject, votes=votes)

    def told(self) -> list[Any]:
        told, self.seen = self.seen, []
        return told


class NumberReader(ListedReader):
    """The faces of some numbers."""

    name, classes = "numbers", ("angry", "happy")

    def __init__(self, opener: Numbers, numbers: Sequence[int] = range(18)) -> None:
        self.made_by, self.numbers = opener, numbers
        self.told: list[int] = []

    def source_key(self) -> str:
        return f"{len(self.numbers)}"

    def __len__(self) -> int:
        return len(self.numbers)

    def listed(self, on_bad: OnBad) -> Sequence[int]:
        return self.numbers

    def opener(self) -> Opener:
        return self.made_by

    def finish(self, folder: Path, told: Any, images: Any) -> tuple[str, ...]:
        self.told = list(told)
        assert [int(image[0, 0]) for image in images] == self.told
        return ("finished",)


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_writer, "BLOCK", 4)


def opened(
    folder: Path, opener: Numbers, processes: int = 1, on_bad: Any = "stop", **more: Any
) -> Faces:
    return open_faces(NumberReader(opener, **more), folder, on_bad, False, processes)


def numbers_of(log: Path) -> list[int]:
    """What was opened, in order; the log is empty afterwards."""
    lines = log.read_text(encoding="ascii").splitlines()
    log.unlink()
    return [int(line.split()[0]) for line in lines]


def test_processes_give_what_one_block_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    several = opened(tmp_path / "several", Numbers(log), processes=2)
    assert len({line.split()[1] for line in log.read_text().splitlines()} - {f"{os.getpid()}"}) == 2
    monkeypatch.setattr(cache_writer, "BLOCK", 4096)
    one = opened(tmp_path / "one", Numbers(log), processes=2)
    assert isinstance(several.images, JoinedImages) and isinstance(one.images, np.memmap)
    assert several.fingerprint == one.fingerprint
    for name in ("images", "labels", "names", "subject"):
        ours, theirs = getattr(several, name), getattr(one, name)
        assert np.array_equal(ours[np.arange(18)], theirs) and ours.dtype == theirs.dtype
    assert one.subject is not None and one.subject[:7].tolist() == [*[""] * 6, "person 6"]
    assert several.votes is None and one.votes is None  # not known of all
    [folder] = (tmp_path / "several").iterdir()
    shards = sorted(path.name for path in folder.glob("images*"))
    assert shards == [f"images-0000{k}.npy" for k in range(5)]
    assert not list(folder.glob("columns*"))


def test_joined_images_are_indexed_like_an_array(tmp_path: Path) -> None:
    images = opened(tmp_path, Numbers(tmp_path / "log")).images
    whole = np.stack(list(images))
    assert whole[:, 0, 0].tolist() == list(range(18)) and images.shape == whole.shape
    rng = np.random.default_rng(0)
    for chosen in (rng.integers(0, 18, 50), np.arange(0), slice(3, 14), slice(None), 17, 4):
        assert np.array_equal(images[chosen], whole[chosen])
    with pytest.raises(IndexError):
        images[np.array([18])]


def test_bad_files_are_listed_in_order_or_stop_it(tmp_path: Path) -> None:
    bad = Numbers(tmp_path / "log", bad=(2, 8, 9, 10, 11))
    faces = opened(tmp_path, bad, on_bad="skip")
    assert [name for name, _ in faces.bad_files] == [f"face {k}" for k in (2, 8, 9, 10, 11)]
    assert len(faces) == 13 and faces.images[np.array([12])][0, 0, 0] == 17
    assert faces.notes == ("finished",)
    with pytest.raises(DataError, match=r"numbers: face 2 cannot be read.*on_bad_file=skip"):
        opened(tmp_path, bad)
    assert not list(tmp_path.glob(".*"))


def test_ctrl_c_keeps_whole_blocks(tmp_path: Path) -> None:
    log, cache_dir = tmp_path / "log", tmp_path / "cache"
    broken = [*range(9), -2, *range(10, 18)]
    with pytest.raises(KeyboardInterrupt):
        opened(cache_dir, Numbers(log), numbers=broken)
    assert numbers_of(log) == broken[:10]
    [building] = cache_dir.iterdir()
    with next(building.glob("images-00001.npy")).open("ab") as file:
        file.write(b"0")
    faces = opened(cache_dir, Numbers(log))
    assert numbers_of(log) == [*range(4, 18)]  # of the damaged block, and of those to come
    assert faces.images[np.arange(18)][:, 0, 0].tolist() == list(range(18))
    assert len(list(cache_dir.iterdir())) == 1


def test_ctrl_c_before_the_first_block_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        opened(tmp_path / "cache", Numbers(tmp_path / "log"), numbers=[0, -2])
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_killed_process_is_told(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with pytest.raises(DataError, match=r"was killed.*data\.processes to less than 2"):
        opened(tmp_path / "cache", Numbers(log, fatal=17), processes=2)
    numbers_of(log)
    assert len(opened(tmp_path / "cache", Numbers(log))) == 18
    assert 0 not in numbers_of(log)


SCRIPT = """
import sys
from pathlib import Path
from fer.data import cache_writer
from tests.data.test_cache_blocks import Numbers, opened

cache_writer.BLOCK = 4
if __name__ == "__main__":
    opened(Path(sys.argv[1]), Numbers(Path(sys.argv[2]), pause=0.05), processes=2)
"""


def test_a_killed_preparation_goes_on(tmp_path: Path) -> None:
    log, cache_dir = tmp_path / "log", tmp_path / "cache"
    log.touch()
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(cache_dir), str(log)])
    deadline = time.monotonic() + 60
    while not list(cache_dir.glob(".*/columns-*.npz")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    process.wait()
    workers = {int(line.split()[1]) for line in log.read_text().splitlines()}
    while any(Path(f"/proc/{worker}").exists() for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    whole = {int(path.stem[-5:]) for path in cache_dir.glob(".*/columns-*.npz")}
    numbers_of(log)
    faces = opened(cache_dir, Numbers(log))
    assert numbers_of(log) == [n for n in range(18) if n // 4 not in whole]
    fresh = opened(tmp_path / "fresh", Numbers(log))
    assert faces.fingerprint == fresh.fingerprint and len(list(cache_dir.iterdir())) == 1
