"""A reader's faces on disk as arrays: blocks first, then what is known of all of them."""

from __future__ import annotations

import hashlib
import logging
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress

from fer.data.cache_blocks import CHUNK, BadFiles, Block, check_size, sync, write_block
from fer.data.cache_columns import TEXTS
from fer.data.cache_processes import Job, write_blocks
from fer.data.checksums import write_record
from fer.data.faces import Faces
from fer.data.joined import join_images
from fer.data.readers import ListedReader, Reader, Record
from fer.errors import DataError

log = logging.getLogger(__name__)

FORMAT = 2
"""Part of every cache's key: raise it when arrays, their order or blocks change."""

META = "meta.json"
BLOCK = 4096
"""Items of a listed data set that are read together: its pixels lie in files of so many faces."""


def write_faces(
    reader: Reader, folder: Path, on_bad_file: str, progress: bool, processes: int
) -> None:
    """Write all faces of a reader into a folder, the record of it (`meta.json`) last.

    Args:
        reader: The source.
        folder: Empty, or as an earlier call for the same source left it: its whole blocks are
            kept. Receives `images.npy` (`images-00000.npy` and so on where there are several
            blocks), `labels.npy`, `names.npy` and, where known, `part.npy`, `subject.npy`,
            `sequence.npy`, `votes.npy`, `targets.npy` and `file_hashes.npy`.
        on_bad_file: `stop` or `skip`.
        progress: Show a bar, if stderr is a terminal.
        processes: That read a listed data set side by side.

    Raises:
        DataError: A bad file with `stop`, no faces at all, faces of several sizes, or what
            `Reader.check` finds.
        OSError: The folder cannot be written to.
    """
    bad = BadFiles(reader.origin, on_bad_file)
    with _bar(reader.name, progress) as bar:
        if isinstance(reader, ListedReader):
            written = _read_listed(reader, folder, bad, processes, bar)
        else:
            written = [_read_through(reader, folder, bad, bar)]
    bad_files = [*bad.found, *_told(written, "bad_files")]
    blocks = [block for block in written if block.images.exists()]
    if not blocks:
        raise DataError(
            f"{reader.origin}: no faces, {len(bad_files):,} bad files; is this the data set? "
            "Where data.faces.detector is set, it found a face in no picture: try the other "
            "one, a smaller data.faces.min_size, or none if they are faces already"
        )
    shards, arrays = _shards(blocks, folder, reader.origin), _joined_columns(blocks, folder)
    images = list(shards.values())
    faces = Faces(
        images=join_images(images),
        classes=reader.classes,
        fingerprint=_fingerprint(images, arrays),
        bad_files=tuple((name, reason) for name, reason in bad_files),
        notes=(),
        **arrays,
    )
    notes = [*reader.check(faces)]
    if isinstance(reader, ListedReader):
        notes += reader.finish(folder, _told(written, "told"), chain.from_iterable(images))
    meta = {
        "source": reader.origin,
        "classes": reader.classes,
        "fingerprint": faces.fingerprint,
        "bad_files": bad_files,
        "notes": notes,
        "shards": list(shards),
        "arrays": {
            name: {
                "bytes": (folder / f"{name}.npy").stat().st_size,
                "shape": array.shape,
                "dtype": array.dtype.str,
            }
            for name, array in {**shards, **arrays}.items()
        },
    }
    write_record(folder / META, meta)
    for block in written:
        block.columns.unlink()


@contextmanager
def _bar(name: str, show: bool) -> Iterator[Callable[..., None]]:
    """Gives what a bar is told: `total` items, or `advance` by so many."""
    with Progress(
        console=Console(stderr=True), transient=True, disable=not (show and sys.stderr.isatty())
    ) as bar:
        yield partial(bar.update, bar.add_task(f"decoding {name}", total=None))


def _read_through(reader: Reader, folder: Path, bad: BadFiles, bar: Callable[..., None]) -> Block:
    """Reads a source that must be read from its beginning to its end: one block."""
    block = Block(folder, 0)
    bar(total=len(reader))

    def records() -> Iterator[Record]:
        for record in reader.records(bad):
            yield record
            bar(advance=1)

    write_block(
        block, records(), BadFiles(bad.origin, bad.on_bad_file), by_content=reader.order_by_content
    )
    return block


def _read_listed(
    reader: ListedReader, folder: Path, bad: BadFiles, processes: int, bar: Callable[..., None]
) -> list[Block]:
    """Reads the blocks that are not there yet."""
    items = reader.listed(bad)
    starts = range(0, len(items), BLOCK)
    jobs = [Job(Block(folder, k), items[i : i + BLOCK]) for k, i in enumerate(starts)]
    left = [job for job in jobs if not job.block.is_whole()]
    if len(left) < len(jobs):
        log.info(f"going on: {len(jobs) - len(left):,} of {len(jobs):,} blocks are there")
    bar(total=len(items), completed=len(items) - sum(len(job.items) for job in left))
    write_blocks(left, reader.opener(), bad, processes, lambda done: bar(advance=done))
    return [job.block for job in jobs]


def _told(blocks: Sequence[Block], key: str) -> Iterator[Any]:
    """What was met in all blocks, in order, that of one block in memory at a time."""
    return chain.from_iterable(block.story()[key] for block in blocks)


def _shards(blocks: Sequence[Block], folder: Path, origin: str) -> dict[str, NDArray[np.uint8]]:
    """The pixels of the blocks by the names of their files, memory-mapped: `images` if one."""
    first = blocks[0]
    for block in blocks:
        check_size(
            str(block.read()["names"][0]), block.story()["shape"], first.story()["shape"], origin
        )
    paths = [block.images for block in blocks]
    if len(paths) == 1:
        paths = [first.images.rename(folder / "images.npy")]
    return {path.stem: np.load(path, mmap_mode="r", allow_pickle=False) for path in paths}


def _joined_columns(blocks: Sequence[Block], folder: Path) -> dict[str, NDArray[Any]]:
    """Writes the columns of all blocks, and opens them memory-mapped."""
    kinds = [{k: (a.dtype, a.shape[1:]) for k, a in block.read().items()} for block in blocks]
    counts = [len(block.read()["labels"]) for block in blocks]
    arrays: dict[str, NDArray[Any]] = {}
    for name in dict.fromkeys(chain.from_iterable(kinds)):
        known = [kind[name] for kind in kinds if name in kind]
        if len(known) < len(blocks) and name not in TEXTS:
            continue
        kind, row = np.result_type(*(kind for kind, _ in known)), known[0][1]
        path = folder / f"{name}.npy"
        head = {"descr": kind.str, "fortran_order": False, "shape": (sum(counts), *row)}
        with path.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, head)
            for block, count in zip(blocks, counts, strict=True):
                rows = block.read().get(name, np.zeros(count, kind))
                file.write(rows.astype(kind).tobytes())
            sync(file)
        arrays[name] = np.load(path, mmap_mode="r", allow_pickle=False)
    return arrays


def _fingerprint(images: Sequence[NDArray[np.uint8]], arrays: Mapping[str, NDArray[Any]]) -> str:
    """Hex SHA-256 of pixels, labels, parts, subjects and, where known, votes and targets."""
    shape = (sum(map(len, images)), *images[0].shape[1:])
    digest = hashlib.sha256(repr(shape).encode())
    for shard in images:
        for start in range(0, len(shard), CHUNK):
            digest.update(shard[start : start + CHUNK].tobytes())
    digest.update(arrays["labels"].astype("<i8").tobytes())
    for name in ("part", "subject"):
        digest.update(name.encode())
        column = arrays.get(name, np.empty(0, np.str_))
        for start in range(0, len(column), CHUNK):
            digest.update("".join(f"\0{text}" for text in column[start : start + CHUNK]).encode())
    for name in ("votes", "targets"):
        if name in arrays:
            digest.update(arrays[name].astype("<f4").tobytes())
    return digest.hexdigest()
