"""Faces decoded once and memory-mapped from then on."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import time
import uuid
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fer.data.cache_writer import FORMAT, META, write_faces
from fer.data.faces import Faces
from fer.data.readers import Reader
from fer.errors import DataError

log = logging.getLogger(__name__)

BUILDING = ".building"
ABANDONED_SECONDS = 3600.0
"""A folder in the making that nobody has written to for so long belongs to a dead process."""


class DamagedCacheError(DataError):
    """A cache that is not what its own record says."""


def open_faces(
    reader: Reader,
    cache_dir: Path,
    on_bad_file: Literal["stop", "skip"] = "stop",
    progress: bool = True,
) -> Faces:
    """Open a data set from its cache, which is made first where there is none.

    The cache is `<cache_dir>/<name>-<key>/`, the key taken from the source. It is made in a
    folder beside it and renamed when whole, so that what is found under its name is complete
    whoever was interrupted and however many processes make it at once. A damaged one is made
    again.

    Args:
        reader: The source.
        cache_dir: Where all caches are; made where missing.
        on_bad_file: `stop` raises on the first bad file, `skip` leaves bad files out and lists
            them in `Faces.bad_files`.
        progress: Show a bar while decoding, if stderr is a terminal.

    Returns:
        The faces, arrays memory-mapped and read-only.

    Raises:
        DataError: The source is missing, bad or has no faces; or the cache cannot be written.
    """
    key = f"{FORMAT}\n{on_bad_file}\n{reader.classes}\n{reader.source_key()}"
    folder = cache_dir / f"{reader.name}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    faces = _open_existing(folder)
    if faces is None:
        faces = _build(reader, folder, on_bad_file, progress)
    for note in faces.notes:
        log.warning(note)
    if faces.bad_files:
        name, reason = faces.bad_files[0]
        log.warning(
            f"{reader.origin}: {len(faces.bad_files):,} bad files left out, first {name}: {reason}"
        )
    return faces


def _open_existing(folder: Path) -> Faces | None:
    if not folder.exists():
        return None
    try:
        return _load(folder)
    except DamagedCacheError as error:
        log.warning(f"{error}; making it again")
        _discard(folder)
        return None


def _build(reader: Reader, folder: Path, on_bad_file: str, progress: bool) -> Faces:
    started = time.perf_counter()
    building = _aside(folder)
    try:
        building.mkdir(parents=True)
        _remove_abandoned(folder.parent)
        write_faces(reader, building, on_bad_file, progress)
        _put_in_place(building, folder)
        faces = _load(folder)
    except OSError as error:
        raise DataError(
            f"cannot make the cache {folder} ({error}); free some room there, or set "
            "paths.cache to a folder that can be written to"
        ) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    log.info(f"decoded {len(faces):,} faces in {time.perf_counter() - started:.1f} s: {folder}")
    return faces


def _put_in_place(building: Path, folder: Path) -> None:
    """Give a whole cache its name, unless a whole one has it already."""
    while True:
        try:
            building.rename(folder)
            return
        except OSError:
            if not folder.exists():
                raise
        try:
            _load(folder)
            return
        except DamagedCacheError:
            _discard(folder)


def _discard(folder: Path) -> None:
    """Remove a damaged cache, which another process may be doing as well."""
    aside = _aside(folder)
    try:
        folder.rename(aside)
    except FileNotFoundError:
        return
    except OSError as error:
        raise DataError(f"the damaged cache {folder} is in the way ({error}); delete it") from error
    shutil.rmtree(aside, ignore_errors=True)


def _aside(folder: Path) -> Path:
    """A name beside a cache that no other process uses."""
    return folder.with_name(f".{folder.name}.{uuid.uuid4().hex}{BUILDING}")


def final_folder(building: Path) -> Path:
    """Where a cache in the making will lie when it is whole."""
    return building.with_name(building.name.removeprefix(".").rsplit(".", 2)[0])


def _remove_abandoned(cache_dir: Path) -> None:
    """Remove what killed processes left behind."""
    for folder in cache_dir.glob(f".*{BUILDING}"):
        try:
            newest = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
        except OSError:  # its owner has just finished
            continue
        if time.time() - newest > ABANDONED_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def _load(folder: Path) -> Faces:
    """Open a cache without reading its pixels.

    Raises:
        DamagedCacheError: Anything about it is not as recorded.
    """
    try:
        meta = json.loads((folder / META).read_text(encoding="utf-8"))
        arrays = {name: _map(folder, name, record) for name, record in meta["arrays"].items()}
        return Faces(
            images=arrays.pop("images"),
            labels=arrays.pop("labels"),
            names=arrays.pop("names"),
            classes=tuple(meta["classes"]),
            fingerprint=meta["fingerprint"],
            bad_files=tuple((name, reason) for name, reason in meta["bad_files"]),
            notes=tuple(meta["notes"]),
            **arrays,
        )
    except DamagedCacheError:
        raise
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedCacheError(f"the cache {folder} is damaged ({error!r})") from error


def _map(folder: Path, name: str, record: dict[str, Any]) -> NDArray[Any]:
    path = folder / f"{name}.npy"
    size = path.stat().st_size
    if size != record["bytes"]:
        raise DamagedCacheError(
            f"the cache {folder} is damaged ({path.name} has {size:,} bytes, not "
            f"{record['bytes']:,})"
        )
    array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    if list(array.shape) != record["shape"] or array.dtype.str != record["dtype"]:
        raise DamagedCacheError(f"the cache {folder} is damaged (head of {path.name})")
    return array
