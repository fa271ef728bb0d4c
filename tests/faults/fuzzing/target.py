"""A reader under test: the files that it reads, and the call that reads them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import strategies as st

from tests.faults.fuzzing.damage import Draw, damaged


@dataclass(frozen=True)
class Target:
    """What is fuzzed.

    Attributes:
        name: Told in the table.
        build: Makes the whole files in an empty folder.
        read: Reads them, given that folder and one for caches; returns where all is right, raises
            a `FerError` where it is refused.
        share: How many inputs it gets, beside the others.
        files: Patterns of the files that are damaged.
        tricks: Whether a file may also be gone, or a folder or a link.
        writes: Whether it may write into the folder, as evaluations do into a run folder.
    """

    name: str
    build: Callable[[Path], object]
    read: Callable[[Path, Path], object]
    share: float = 1.0
    files: tuple[str, ...] = ("**/*",)
    writes: bool = False
    tricks: bool = True


@dataclass
class Bench:
    """A target's files, damaged for each input and whole again before the next.

    Args:
        target: The reader.
        home: Where its files and caches are.
    """

    target: Target
    home: Path
    whole: dict[Path, bytes] = field(default_factory=dict)
    changed: list[Path] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder, self.cache = self.home / "files", self.home / "cache"
        self.folder.mkdir(parents=True)
        self.target.build(self.folder)
        self.cache.mkdir(exist_ok=True)
        found = {path for pattern in self.target.files for path in self.folder.glob(pattern)}
        self.whole = {path: path.read_bytes() for path in sorted(found) if path.is_file()}

    def damage(self, draw: Draw) -> None:
        """Makes an input."""
        path = draw(st.sampled_from(list(self.whole)))
        self.changed.append(path)
        trick = draw(st.integers(0, 60))
        if trick < len(_TRICKS) and self.target.tricks:
            _TRICKS[trick](path)
            self.changed.append(_moved(path))
        else:
            path.write_bytes(damaged(draw, self.whole[path], path.suffix))

    def restore(self) -> None:
        """Makes the files whole again and empties the caches."""
        for path in self.changed:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.is_symlink() or path not in self.whole:
                path.unlink(missing_ok=True)
            if path in self.whole:
                path.write_bytes(self.whole[path])
        self.changed.clear()
        for folder in self.cache.iterdir():
            shutil.rmtree(folder)


def _moved(path: Path) -> Path:
    return path.with_name(f"moved \u202e{path.name}")


def _folder_instead(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _link_instead(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


def _loop_instead(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


_TRICKS: tuple[Callable[[Path], object], ...] = (
    Path.unlink,
    lambda path: path.rename(_moved(path)),
    lambda path: os.truncate(path, 0),
    _folder_instead,
    _link_instead,
    _loop_instead,
)
