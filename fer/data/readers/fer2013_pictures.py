"""FER2013 as pictures: Kaggle's zip, read in place, and its unpacked folder."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath

from fer.data.faces import SEVEN
from fer.data.readers import OnBad, Record
from fer.data.readers.files import File, files_key, is_junk, scan
from fer.data.readers.pictures import MAX_BYTES, BadPictureError, gray_pixels, open_picture
from fer.errors import DataError

SIZE = (48, 48)
PREFIXES = {
    "train": {"Training": "training"},
    "test": {"PublicTest": "public", "PrivateTest": "private"},
}
TAIL_BYTES = 8 * 1024**2
"""Holds the table of contents of a zip of this size, with the checksum of every picture."""

Stored = tuple[str, int, Callable[[], bytes]]
"""Name relative to the folder of train/ and test/, size in bytes, and what reads it."""


def folder_key(folder: Path) -> str:
    """Identify a folder by the names, sizes and times of its files."""
    return f"folder {files_key(_scan(folder))}"


def folder_records(folder: Path, on_bad: OnBad) -> Iterator[Record]:
    """Yield the faces of a folder that contains train/ and test/, in the order of their names.

    Raises:
        DataError: There are no files under train/ or test/.
    """
    files = [(name, size, (folder / name).read_bytes) for name, size, _ in _scan(folder)]
    yield from _records(files, folder, on_bad)


def zip_key(path: Path) -> str:
    """Identify a zip by its size and its end, where the table of contents is."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - TAIL_BYTES))
        return f"zip {size} {hashlib.sha256(file.read()).hexdigest()}"


def zip_records(path: Path, on_bad: OnBad) -> Iterator[Record]:
    """Yield the faces of a zip, in its own order, without unpacking it.

    Everything may sit under one extra top folder.

    Raises:
        DataError: No whole zip; an entry that points outside; no train/ or test/ in it.
    """
    try:
        archive = zipfile.ZipFile(path)
    except Exception as error:  # zipfile raises many kinds on garbage
        raise DataError(f"{path} is no whole zip ({error}); download it again") from error
    with archive:
        entries = {
            info.filename.replace("\\", "/"): info
            for info in archive.infolist()
            if info.filename  # a damaged zip may have an entry without a name
            and not info.is_dir()
            and not any(map(is_junk, info.filename.split("/")))
        }
        top = _top_folder(entries, path)
        files = [
            (name.removeprefix(top), info.file_size, _reader_of(archive, info))
            for name, info in entries.items()
            if name.removeprefix(top).startswith(("train/", "test/"))
        ]
        yield from _records(files, path, on_bad)


def _reader_of(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], bytes]:
    return lambda: archive.read(info)


def _top_folder(names: Iterable[str], path: Path) -> str:
    """The folder inside a zip that contains train/ and test/: "" or "<name>/"."""
    tops = set()
    for name in names:
        parts = name.split("/")
        if ".." in parts or parts[0] == "" or parts[0].endswith(":"):
            raise DataError(
                f"{path}: the entry {name!r} points outside the zip, which Kaggle's never does; "
                "do not trust this file, download it again"
            )
        if parts[0] in PREFIXES:
            tops.add("")
        elif len(parts) > 1 and parts[1] in PREFIXES:
            tops.add(f"{parts[0]}/")
    if len(tops) > 1:
        found = ", ".join(sorted(top or "the top" for top in tops))
        raise DataError(
            f"{path}: train/ and test/ stand in several places ({found}); keep one of them"
        )
    return tops.pop() if tops else ""


def _scan(folder: Path) -> list[File]:
    """Each file under train/ and test/, named relative to `folder`, sorted."""
    return sorted(
        found._replace(name=f"{top}/{found.name}")
        for top in PREFIXES
        if (folder / top).is_dir()
        for found in scan(folder / top)
    )


def _records(files: list[Stored], origin: Path, on_bad: OnBad) -> Iterator[Record]:
    for top in PREFIXES:
        if not any(name.startswith(f"{top}/") for name, _, _ in files):
            raise DataError(
                f"{origin}: no pictures under {top}/; FER2013 has train/<class>/Training_*.jpg and "
                "test/<class>/{PublicTest,PrivateTest}_*.jpg: unpack or download it again"
            )
    for name, size, read in files:
        try:
            yield _record(name, size, read)
        except BadPictureError as error:
            on_bad(name, str(error))


def _record(name: str, size: int, read: Callable[[], bytes]) -> Record:
    """Read one picture; its part and label are in its name."""
    parts = PurePosixPath(name).parts
    if len(parts) != 3 or parts[1] not in SEVEN:
        raise BadPictureError(f"stands in none of the class folders ({', '.join(SEVEN)})")
    prefixes = PREFIXES[parts[0]]
    part = prefixes.get(parts[2].partition("_")[0])
    if part is None:
        raise BadPictureError(f"does not begin with {' or '.join(f'{p}_' for p in prefixes)}")
    if size > MAX_BYTES:
        raise BadPictureError(f"is larger than {MAX_BYTES // 1024**2} MiB")
    try:
        data = read()
    except (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise BadPictureError(f"cannot be read ({error})") from error
    image = gray_pixels(open_picture(data, SIZE))
    return Record(image, SEVEN.index(parts[1]), name, part, file_hash=hashlib.sha256(data).digest())
