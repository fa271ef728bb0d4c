"""Everything that can be wrong with FER2013 on disk, and what the user is told."""

from __future__ import annotations

import io
import os
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer.data.faces import SEVEN, Faces
from fer.errors import DataError
from tests.builders import fer2013_csv, jpeg, noise

Open = Callable[..., Faces]
GRAY = Image.fromarray(noise(0, 7))


def stored(image: Image.Image, form: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form)
    return buffer.getvalue()


def bomb() -> bytes:
    """A PNG of a few bytes whose head claims 30,000 x 30,000 pixels."""

    def block(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + block(b"IHDR", head) + block(b"IDAT", b"") + block(b"IEND", b"")


def clear() -> Image.Image:
    image = GRAY.convert("RGBA")
    image.putpixel((3, 3), (50, 50, 50, 0))
    return image


def coloured() -> Image.Image:
    image = GRAY.convert("RGB")
    image.putpixel((3, 3), (250, 10, 10))
    return image


BAD_PICTURES = {
    "empty": (b"", "is empty"),
    "text": (b"<html>404</html>", "is no picture"),
    "cut off": (jpeg(noise(0, 7))[:700], "cannot be decoded"),
    "huge": (bomb(), "megapixels"),
    "other size": (jpeg(noise(0, 7, side=64)), "is 64 x 64 pixels, not 48 x 48"),
    "colour": (stored(coloured()), "is in colour"),
    "transparent": (stored(clear()), "is partly transparent"),
    "16 bit": (stored(Image.fromarray(noise(0, 7).astype(np.uint16) * 256)), "mode I;16"),
    "black and white": (stored(GRAY.convert("1")), "mode 1"),
    "print colours": (stored(GRAY.convert("CMYK"), "TIFF"), "mode CMYK"),
}


@pytest.mark.parametrize("what", BAD_PICTURES)
def test_bad_picture(what: str, tree: Path, opened: Open) -> None:
    data, reason = BAD_PICTURES[what]
    (tree / "train" / "fear" / "Training_bad.jpg").write_bytes(data)
    with pytest.raises(DataError) as caught:
        opened(tree)
    assert f"{tree}: train/fear/Training_bad.jpg" in str(caught.value)
    assert reason in str(caught.value) and "data.on_bad_file=skip" in str(caught.value)
    faces = opened(tree, "skip")
    assert len(faces) == 42
    [(name, told)] = faces.bad_files
    assert name == "train/fear/Training_bad.jpg" and reason in told
    assert opened(tree, "skip").bad_files == faces.bad_files


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P"])
def test_gray_stored_otherwise_is_taken(mode: str, tree: Path, opened: Open) -> None:
    (tree / "train" / "angry" / "Training_x.png").write_bytes(stored(GRAY.convert(mode)))
    faces = opened(tree)
    place = faces.names.tolist().index("train/angry/Training_x.png")
    assert np.array_equal(faces.images[place], noise(0, 7))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("train/anger/Training_1.jpg", "none of the class folders"),
        ("train/Training_1.jpg", "none of the class folders"),
        ("train/sad/more/Training_1.jpg", "none of the class folders"),
        ("train/sad/PrivateTest_1.jpg", "does not begin with Training_"),
        ("test/sad/im0.jpg", "does not begin with PublicTest_ or PrivateTest_"),
    ],
)
def test_file_in_the_wrong_place(name: str, reason: str, tree: Path, opened: Open) -> None:
    (tree / name).parent.mkdir(exist_ok=True)
    (tree / name).write_bytes(jpeg(noise(0, 7)))
    with pytest.raises(DataError, match=reason):
        opened(tree)
    faces = opened(tree, "skip")
    assert len(faces) == 42 and len(faces.bad_files) == 1


def test_link_that_leads_nowhere(tree: Path, opened: Open) -> None:
    (tree / "train" / "sad" / "Training_link.jpg").symlink_to(tree / "gone.jpg")
    with pytest.raises(DataError, match=r"Training_link\.jpg cannot be read"):
        opened(tree)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.98])
def test_zip_cut_off(share: float, archive: Path, opened: Open) -> None:
    os.truncate(archive, int(archive.stat().st_size * share))
    with pytest.raises(DataError, match=r"fer2013\.zip is no whole zip.*download it again"):
        opened(archive)


def test_zip_with_a_damaged_entry(archive: Path, opened: Open) -> None:
    data = bytearray(archive.read_bytes())
    data[200:260] = bytes(60)
    archive.write_bytes(data)
    with pytest.raises(DataError, match=r"train/angry/Training_0\.jpg cannot be read"):
        opened(archive)
    assert len(opened(archive, "skip")) == 41


@pytest.mark.parametrize(
    "name", ["/etc/train/x.jpg", "../train/sad/Training_1.jpg", "C:\\train\\x", "train/../../x"]
)
def test_zip_entry_that_points_outside(name: str, archive: Path, opened: Open) -> None:
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr(name, b"x")
    for on_bad_file in ("stop", "skip"):
        with pytest.raises(DataError, match="points outside the zip"):
            opened(archive, on_bad_file)


def test_zip_entry_that_unpacks_to_gigabytes(archive: Path, opened: Open) -> None:
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr("train/sad/Training_big.jpg", bytes(65 * 1024**2))
    with pytest.raises(DataError, match=r"Training_big\.jpg is larger than 64 MiB"):
        opened(archive)


def test_zip_of_something_else(tmp_path: Path, opened: Open) -> None:
    path = tmp_path / "photos.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("holiday.jpg", b"x")
    with pytest.raises(DataError, match="no pictures under train/"):
        opened(path)


def test_neither_form(tmp_path: Path, opened: Open) -> None:
    path = tmp_path / "fer2013.tar.gz"
    path.write_bytes(b"x")
    with pytest.raises(DataError, match=r"neither a folder nor a \.zip nor a \.csv.*kaggle"):
        opened(path)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("3,Training,{short}", "has 2303 pixels, not 2304"),
        ("3,Training,{short} 256", "has the pixel '256'"),
        ("3,Training,{short} -1", "has the pixel '-1'"),
        ("3,Training,{short} 7.5", "has the pixel '7.5'"),
        ("7,Training,{short} 7", "has the label '7', not one of 0 to 6"),
        ("happy,Training,{short} 7", "has the label 'happy'"),
        ("3,Test,{short} 7", "has the Usage 'Test', not one of Training"),
        ("3,{short} 7", "has 2 of 3 columns"),
    ],
)
def test_bad_row(row: str, reason: str, tmp_path: Path, opened: Open) -> None:
    table = fer2013_csv(tmp_path / "icml_face_data.csv", leading_blanks=True)
    lines = table.read_text().splitlines()
    lines.insert(17, row.format(short=" ".join(["1"] * 2303)))
    table.write_text("\n".join(lines))
    with pytest.raises(DataError) as caught:
        opened(table)
    assert f"{table}: row 17 {reason}" in str(caught.value)
    faces = opened(table, "skip")
    assert len(faces) == 42 and faces.bad_files[0][0] == "row 17"


def test_table_cut_off_in_its_last_row(table: Path, opened: Open) -> None:
    os.truncate(table, table.stat().st_size - 3000)
    with pytest.raises(DataError, match=r"row 42 has 2 of 3 columns"):
        opened(table)


@pytest.mark.parametrize("column", ["emotion", "pixels", "Usage"])
def test_missing_column(column: str, table: Path, opened: Open) -> None:
    table.write_text(table.read_text().replace(column, "other", 1))
    with pytest.raises(DataError, match=f"lacks the column {column.lower()}"):
        opened(table)


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02" * 1000, b'emotion,pixels,Usage\n0,"1 2'])
def test_no_table(content: bytes, table: Path, opened: Open) -> None:
    table.write_bytes(content)
    with pytest.raises(DataError, match=str(table)):
        opened(table)


def test_endless_quoted_field(table: Path, opened: Open) -> None:
    table.write_bytes(b'emotion,pixels,Usage\n0,"' + b"1 2 3\n" * 100_000)
    with pytest.raises(DataError, match="is no text table"):
        opened(table)


def test_empty_class(tree: Path, opened: Open) -> None:
    shutil.rmtree(tree / "train" / "disgust")
    with pytest.raises(DataError, match="the part training has no faces of disgust"):
        opened(tree)


def test_empty_part(tree: Path, opened: Open) -> None:
    for path in tree.rglob("PrivateTest_*"):
        path.unlink()
    with pytest.raises(DataError, match=f"the part private has no faces of {', '.join(SEVEN)}"):
        opened(tree)
    shutil.rmtree(tree / "test")
    with pytest.raises(DataError, match="no pictures under test/"):
        opened(tree)


def test_nothing_but_bad_files(tree: Path, opened: Open) -> None:
    for path in tree.rglob("*.jpg"):
        path.write_bytes(b"")
    with pytest.raises(DataError, match="no faces, 42 bad files"):
        opened(tree, "skip")
