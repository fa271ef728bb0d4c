"""Writing the records of a reader to disk as arrays, one face in memory at a time."""

from __future__ import annotations

import hashlib
import io
import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress

from fer.data.faces import Faces
from fer.data.readers import PARTS, Reader, Record
from fer.data.readers.files import printable
from fer.errors import DataError

FORMAT = 1
"""Part of every cache's key: raise it when arrays or their order change."""

META = "meta.json"
CHUNK = 256
HEAD_BYTES = 128
"""What NumPy's format takes before the pixels, for any number of faces."""


@dataclass
class _Columns:
    """What is kept in memory of each face: everything but the pixels."""

    shape: tuple[int, ...] = ()
    labels: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    parts: list[str | None] = field(default_factory=list)
    subjects: list[str | None] = field(default_factory=list)
    sequences: list[str | None] = field(default_factory=list)
    votes: list[tuple[float, ...] | None] = field(default_factory=list)
    targets: list[tuple[float, ...] | None] = field(default_factory=list)
    hashes: list[bytes | None] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)

    def add(self, record: Record, pixels: bytes) -> None:
        self.labels.append(record.label)
        self.names.append(record.name)
        self.parts.append(record.part)
        self.subjects.append(record.subject)
        self.sequences.append(record.sequence)
        self.votes.append(record.votes)
        self.targets.append(record.targets)
        self.hashes.append(record.file_hash)
        self.digests.append(hashlib.sha256(pixels).digest())

    def order_by_content(self) -> NDArray[np.int64]:
        """Indices that sort by part, label, pixels and name."""
        ranks: dict[str | None, int] = {part: rank for rank, part in enumerate(PARTS)}
        keys = [
            (ranks.get(part, len(PARTS)), part or "", label, digest, name)
            for part, label, digest, name in zip(
                self.parts, self.labels, self.digests, self.names, strict=True
            )
        ]
        return np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)

    def arrays(self, order: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """The columns that are known, in the given order."""
        found: dict[str, NDArray[Any]] = {
            "labels": np.array(self.labels, dtype=np.int64)[order],
            "names": np.array(self.names)[order],
        }
        texts = {"part": self.parts, "subject": self.subjects, "sequence": self.sequences}
        for name, column in texts.items():
            if any(value is not None for value in column):
                found[name] = np.array([value or "" for value in column])[order]
        for name, rows in {"votes": self.votes, "targets": self.targets}.items():
            known = [value for value in rows if value is not None]
            if known and len(known) == len(rows):
                found[name] = np.array(known, dtype=np.float32)[order]
        hashes = [value for value in self.hashes if value is not None]
        if len(hashes) == len(self.hashes):
            joined = np.frombuffer(b"".join(hashes), dtype=np.uint8)
            found["file_hashes"] = joined.reshape(-1, 32)[order]
        return found


def write_faces(reader: Reader, folder: Path, on_bad_file: str, progress: bool) -> None:
    """Write all faces of a reader into an empty folder, the record of it (`meta.json`) last.

    Args:
        reader: The source.
        folder: Receives `images.npy`, `labels.npy`, `names.npy` and, where known, `part.npy`,
            `subject.npy`, `sequence.npy`, `votes.npy`, `targets.npy` and `file_hashes.npy`.
        on_bad_file: `stop` or `skip`.
        progress: Show a bar, if stderr is a terminal.

    Raises:
        DataError: A bad file with `stop`, no faces at all, faces of several sizes, or what
            `Reader.check` finds.
        OSError: The folder cannot be written to.
    """
    bad_files: list[tuple[str, str]] = []

    def on_bad(name: str, reason: str) -> None:
        if on_bad_file == "stop":
            raise DataError(
                f"{reader.origin}: {printable(name)} {reason}; mend or remove it, or leave such "
                "files out with data.on_bad_file=skip"
            )
        bad_files.append((printable(name), reason))

    path = folder / "images.npy"
    columns = _Columns()
    with path.open("wb") as file:
        file.write(bytes(HEAD_BYTES))
        for record in _with_bar(reader, reader.records(on_bad), progress):
            if printable(record.name) != record.name:
                on_bad(record.name, "has a name that is not UTF-8: rename it")
                continue
            file.write(_pixels(reader, record, columns))
        if not columns.labels:
            raise DataError(
                f"{reader.origin}: no faces, {len(bad_files):,} bad files; is this the data set? "
                "Where data.faces.detector is set, it found a face in no picture: try the other "
                "one, a smaller data.faces.min_size, or none if they are faces already"
            )
        _finish(file, (len(columns.labels), *columns.shape))
    order = np.arange(len(columns.labels))
    if reader.order_by_content:
        order = columns.order_by_content()
        _reorder(path, order)
    arrays = columns.arrays(order)
    for name, array in arrays.items():
        _write(folder / f"{name}.npy", array)
    images = np.load(path, mmap_mode="r", allow_pickle=False)
    faces = Faces(
        images=images,
        classes=reader.classes,
        fingerprint=_fingerprint(images, arrays),
        bad_files=tuple(bad_files),
        notes=(),
        **arrays,
    )
    meta = {
        "source": reader.origin,
        "classes": reader.classes,
        "fingerprint": faces.fingerprint,
        "bad_files": bad_files,
        "notes": [*reader.check(faces), *reader.finish(folder)],
        "arrays": {
            name: {
                "bytes": (folder / f"{name}.npy").stat().st_size,
                "shape": array.shape,
                "dtype": array.dtype.str,
            }
            for name, array in {"images": images, **arrays}.items()
        },
    }
    with (folder / META).open("wb") as file:
        file.write(json.dumps(meta, indent=1).encode())
        _sync(file)


def _pixels(reader: Reader, record: Record, columns: _Columns) -> bytes:
    """Check an image, note everything else of the record, and return the image's bytes."""
    columns.shape = columns.shape or record.image.shape
    if record.image.shape != columns.shape or record.image.dtype != np.uint8:
        raise DataError(
            f"{reader.origin}: {record.name} is {record.image.dtype} {record.image.shape}, the "
            f"first face uint8 {columns.shape}; bring all faces to one size"
        )
    pixels = record.image.tobytes()
    columns.add(record, pixels)
    return pixels


def _with_bar(reader: Reader, records: Iterable[Record], show: bool) -> Iterator[Record]:
    with Progress(
        console=Console(stderr=True), transient=True, disable=not (show and sys.stderr.isatty())
    ) as bar:
        task = bar.add_task(f"decoding {reader.name}", total=len(reader))
        for record in records:
            yield record
            bar.advance(task)


def _reorder(path: Path, order: NDArray[np.int64]) -> None:
    """Write the images anew in another order.

    By plain writes: a full disk raises, where writing into a memory map would crash.
    """
    arrived = path.rename(path.with_name("arrived.npy"))
    images = np.load(arrived, mmap_mode="r", allow_pickle=False)
    with path.open("wb") as file:
        file.write(bytes(HEAD_BYTES))
        for start in range(0, len(order), CHUNK):
            file.write(images[order[start : start + CHUNK]].tobytes())
        _finish(file, images.shape)
    del images
    arrived.unlink()


def _fingerprint(images: NDArray[np.uint8], arrays: dict[str, NDArray[Any]]) -> str:
    """Hex SHA-256 of pixels, labels, parts, subjects and, where known, votes and targets."""
    digest = hashlib.sha256(repr(images.shape).encode())
    for start in range(0, len(images), CHUNK):
        digest.update(images[start : start + CHUNK].tobytes())
    digest.update(arrays["labels"].astype("<i8").tobytes())
    for name in ("part", "subject"):
        digest.update("\0".join([name, *arrays.get(name, ())]).encode())
    for name in ("votes", "targets"):
        if name in arrays:
            digest.update(arrays[name].astype("<f4").tobytes())
    return digest.hexdigest()


def _finish(file: BinaryIO, shape: tuple[int, ...]) -> None:
    """Write the head of an image array into the room left for it, now that N is known."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        head, {"descr": "|u1", "fortran_order": False, "shape": shape}
    )
    assert len(head.getvalue()) == HEAD_BYTES
    file.seek(0)
    file.write(head.getvalue())
    _sync(file)


def _write(path: Path, array: NDArray[Any]) -> None:
    with path.open("wb") as file:
        np.save(file, array, allow_pickle=False)
        _sync(file)


def _sync(file: BinaryIO) -> None:
    """Have the bytes on disk, so that a power cut cannot leave a name without its content."""
    file.flush()
    os.fsync(file.fileno())
