"""Faces decoded once and memory-mapped from then on."""

from __future__ import annotations

import hashlib
import logging
import shutil
import time
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fer.data.cache_blocks import has_blocks
from fer.data.cache_processes import KilledError, cores
from fer.data.cache_writer import FORMAT, META, write_faces
from fer.data.checksums import read_record
from fer.data.faces import Faces
from fer.data.joined import join_images
from fer.data.readers import Reader
from fer.errors import DataError
from fer.processes.locking import locked

log = logging.getLogger(__name__)

BUILDING = ".building"
ABANDONED_SECONDS = 7 * 24 * 3600.0
"""What a killed process left in the making waits for so long for the same command."""


class DamagedCacheError(DataError):
    """A cache that is not what its own record says."""


def open_faces(
    reader: Reader,
    cache_dir: Path,
    on_bad_file: Literal["stop", "skip"] = "stop",
    progress: bool = True,
    processes: int | None = None,
) -> Faces:
    """Open a data set from its cache, which is made first where there is none.

    The cache is `<cache_dir>/<name>-<key>/`, the key taken from the source. It is made in a
    folder beside it and renamed when whole, so that what is found under its name is complete
    whoever was interrupted. One process makes it, others wait; where that one is killed, the next
    goes on with the blocks that are whole. A damaged one is made again.

    Args:
        reader: The source.
        cache_dir: Where all caches are; made where missing.
        on_bad_file: `stop` raises on the first bad file, `skip` leaves bad files out and lists
            them in `Faces.bad_files`.
        progress: Show a bar while decoding, if stderr is a terminal.
        processes: That decode side by side; None: one for each core.

    Returns:
        The faces, arrays memory-mapped and read-only.

    Raises:
        DataError: The source is missing, bad or has no faces; or the cache cannot be written.
    """
    key = f"{FORMAT}\n{on_bad_file}\n{reader.classes}\n{reader.source_key()}"
    folder = cache_dir / f"{reader.name}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    try:
        faces = _load(folder)
    except DamagedCacheError as damage:
        try:
            lock, what = folder.with_name(f".{folder.name}.lock"), "another process is making"
            with locked(lock, f"{what} the cache {folder}", log.warning):
                faces = _open_existing(folder) or _make(
                    reader, folder, on_bad_file, progress, processes or cores()
                )
        except OSError as error:
            found = f"{damage} and " if folder.exists() else ""
            raise DataError(
                f"{found}cannot make the cache {folder} ({error}); free some room there, or set "
                "paths.cache to a folder that can be written to"
            ) from error
    for note in faces.notes:
        log.warning(note)
    if faces.bad_files:
        name, reason = faces.bad_files[0]
        log.warning(
            f"{reader.origin}: {len(faces.bad_files):,} bad files left out, first {name}: {reason}"
        )
    return faces


def _open_existing(folder: Path) -> Faces | None:
    """What another process may have made meanwhile; a damaged cache is removed."""
    if not folder.exists():
        return None
    try:
        return _load(folder)
    except DamagedCacheError as error:
        log.warning(f"{error}; making it again")
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise DataError(f"the damaged cache {folder} is in the way ({error}); delete it") from error
    return None


def _make(reader: Reader, folder: Path, on_bad_file: str, progress: bool, processes: int) -> Faces:
    """Makes a cache; where that is broken off, whole blocks stay for the next time."""
    started = time.perf_counter()
    building = folder.with_name(f".{folder.name}{BUILDING}")
    keep = False
    try:
        building.mkdir(exist_ok=True)
        _remove_abandoned(folder.parent, building)
        write_faces(reader, building, on_bad_file, progress, processes)
        building.rename(folder)
        faces = _load(folder)
    except BaseException as error:
        # a source that is mended has another key
        useless = isinstance(error, DataError) and not isinstance(error, KilledError)
        keep = not useless and has_blocks(building)
        raise
    finally:
        if not keep:
            shutil.rmtree(building, ignore_errors=True)
    log.info(f"decoded {len(faces):,} faces in {time.perf_counter() - started:.1f} s: {folder}")
    return faces


def final_folder(building: Path) -> Path:
    """Where a cache in the making will lie when it is whole."""
    return building.with_name(building.name.removeprefix(".").removesuffix(BUILDING))


def _remove_abandoned(cache_dir: Path, own: Path) -> None:
    """Remove what killed processes left of other sources, or of ones that have changed since."""
    for folder in set(cache_dir.glob(f".*{BUILDING}")) - {own}:
        try:
            newest = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
        except OSError:  # its owner has just finished
            continue
        if time.time() - newest > ABANDONED_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def _load(folder: Path) -> Faces:
    """Open a cache whose bytes are those that were written.

    Raises:
        DamagedCacheError: Anything about it is not as recorded.
    """
    try:
        meta = read_record(folder / META)
        arrays = {name: _map(folder, name, record) for name, record in meta["arrays"].items()}
        return Faces(
            images=join_images([arrays.pop(name) for name in meta["shards"]]),
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
