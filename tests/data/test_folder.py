from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer.data.readers.pictures import BadPictureError, open_picture, rgb_pixels
from fer.errors import DataError
from tests.builders_pictures import class_tree, picture
from tests.data.reading import labels, opened, part_counts, told

NAMES = {
    "Anger": "angry",
    "2_Disgusted": "disgust",
    "FEARFUL": "fear",
    "happiness": "happy",
    "Sadness": "sad",
    "surprised": "surprise",
    "Natural": "neutral",
    "contemptuous": "contempt",
}


@pytest.mark.parametrize("top", ["", "archive/faces/"])
def test_class_names_are_matched_and_told(top: str, tmp_path: Path) -> None:
    class_tree(tmp_path / "own" / top, NAMES, 2)
    faces = opened(tmp_path / "own", "folder")
    assert len(faces) == 16 and faces.part is None and faces.classes[-1] == "contempt"
    assert all(label == NAMES[name.split("/")[-2]] for name, label in labels(faces).items())
    assert all(f"{name} -> {label}" in told(faces) for name, label in NAMES.items())


def test_contempt_is_left_out(tmp_path: Path) -> None:
    class_tree(tmp_path / "own", NAMES, 2)
    faces = opened(tmp_path / "own", "folder", "data.contempt=leave_out")
    assert len(faces) == 14 and "contempt" not in faces.classes
    assert "2 pictures show contempt (data.contempt=leave_out) and are left out" in told(faces)


@pytest.mark.parametrize(
    ("folders", "parts"),
    [
        (("train", "val", "test"), {"training": 4, "validation": 4, "test": 4}),
        (("Train", "Valid"), {"training": 4, "test": 4}),
        (("training_set", "test_set"), {"training": 4, "test": 4}),
    ],
)
def test_parts(folders: tuple[str, ...], parts: dict[str, int], tmp_path: Path) -> None:
    for folder in folders:
        class_tree(tmp_path / "own" / folder, ("happy", "sad"), 2)
    faces = opened(tmp_path / "own", "folder")
    assert part_counts(faces) == parts
    assert ("validation is the test part" in told(faces)) == ("Valid" in folders)


def test_own_classes(tmp_path: Path) -> None:
    for part in ("train", "test"):
        class_tree(tmp_path / "own" / part, ("yawning", "Awake", "happy"), 2)
    faces = opened(tmp_path / "own", "folder", "data.classes=folders")
    assert faces.classes == ("Awake", "happy", "yawning")
    assert all(name.split("/")[1] == label for name, label in labels(faces).items())
    assert part_counts(faces) == {"test": 6, "training": 6}


def test_unknown_folders_are_listed_together(tmp_path: Path) -> None:
    tree = class_tree(tmp_path / "own", ("happy", "sad", "cats", "dogs"), 2)
    with pytest.raises(DataError) as caught:
        opened(tree, "folder")
    for words in ("class folders cats, dogs", "angry/anger", "data.classes=folders", "skip"):
        assert words in str(caught.value)
    faces = opened(tree, "folder", "data.on_bad_file=skip")
    assert faces.counts() == {"happy": 2, "sad": 2} and len(faces.bad_files) == 1


def test_nothing_to_tell_apart(tmp_path: Path) -> None:
    tree = class_tree(tmp_path / "own", ("happy", "cats"), 2)
    with pytest.raises(DataError, match="fewer than two classes: its names are happy, cats"):
        opened(tree, "folder")


def test_parts_and_no_parts(tmp_path: Path) -> None:
    class_tree(tmp_path / "own" / "train", ("happy", "sad"), 2)
    class_tree(tmp_path / "own", ("happy", "sad"), 2)
    with pytest.raises(DataError, match="some class folders stand in train, val or test"):
        opened(tmp_path / "own", "folder")


def test_picture_beside_the_folders(tmp_path: Path) -> None:
    tree = class_tree(tmp_path / "own", ("happy", "sad"), 2)
    picture(tree / "preview.png", 0, 0)
    with pytest.raises(DataError, match=r"preview\.png stands in no class folder"):
        opened(tree, "folder")


def table(folder: Path, head: str, *rows: str, encoding: str = "utf-8") -> Path:
    class_tree(folder / "faces", ("a", "b"), 2)
    path = folder / "faces.csv"
    path.write_bytes("\n".join([head, *rows]).encode(encoding))
    return path


A, B = ([f"faces/{c}/Airheads_{n:09}_{k:08}.png" for n in (0, 1)] for k, c in enumerate("ab"))


@pytest.mark.parametrize("form", ["plain", "windows", "tabs", "more columns"])
def test_table(form: str, tmp_path: Path) -> None:
    head = "path,label,part,subject"
    rows = [
        f"{A[0]},Happy,train,ann",
        f"{A[1]},sadness,training,bob",
        f"{B[0]},happiness,val,cy",
        f"{B[1]},sad,test,di",
    ]
    if form == "windows":
        head, rows = "\ufeff" + head + "\r", [row.replace("/", "\\") + "\r" for row in rows]
        head, *rows = (line.replace(",", ";") for line in (head, *rows))
    elif form == "tabs":
        head, *rows = (line.replace(",", "\t") for line in (head, *rows))
    elif form == "more columns":
        head, *rows = (f"note, {line}" for line in (head, *rows))
    faces = opened(table(tmp_path, head, *rows), "folder")
    assert labels(faces) == {A[0]: "happy", A[1]: "sad", B[0]: "happy", B[1]: "sad"}
    assert faces.part is not None and faces.subject is not None
    assert faces.part.tolist() == ["training", "training", "validation", "test"]
    assert faces.subject.tolist() == ["ann", "bob", "cy", "di"]


def test_table_with_own_classes_and_without_parts(tmp_path: Path) -> None:
    path = table(tmp_path, "path,label", f"{tmp_path / A[0]},yawns", f"{B[0]},2")
    faces = opened(path, "folder", "data.classes=folders")
    assert faces.classes == ("2", "yawns") and faces.part is None and faces.subject is None


def test_changed_table_or_picture_is_read_again(tmp_path: Path) -> None:
    path = table(tmp_path, "path,label", f"{A[0]},happy", f"{B[0]},sad")
    before = opened(path, "folder")
    picture(tmp_path / A[0], 3, 3)
    changed = opened(path, "folder")
    assert changed.fingerprint != before.fingerprint
    path.write_text(path.read_text() + f"\n{B[1]},sad")
    assert len(opened(path, "folder")) == 3


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (f"{A[1]},cats,train,x", r"the label cats cannot be matched .*angry/anger"),
        ("faces/gone.png,happy,train,x", r"faces/gone\.png of row 3 is not there"),
        (f"{A[0]},happy,test,x", "stands in row 1 and again in row 3"),
        (f"{A[1]},happy,somewhere,x", "has the part 'somewhere'"),
        (f"{A[1]},happy,,x", "has the part ''"),
        (f"{A[1]},happy,train", "has no subject, where other rows have one"),
        (f"{A[1]}", "row 3 has no label"),
        (",happy,train,x", "row 3 has no path"),
    ],
)
def test_bad_row(row: str, reason: str, tmp_path: Path) -> None:
    good = (f"{A[0]},happy,train,ann", f"{B[0]},sad,test,bob")
    path = table(tmp_path, "path,label,part,subject", *good, row)
    with pytest.raises(DataError, match=reason):
        opened(path, "folder")
    faces = opened(path, "folder", "data.on_bad_file=skip")
    assert len(faces) == 2 and len(faces.bad_files) == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "lacks the column path, label"),
        (b"file,emotion\na.png,happy\n", "lacks the column path, label"),
        (b"\x00\x01\x02\xff" * 100, "lacks the column"),
        (b"path,label\n", "fewer than two classes: its names are none"),
    ],
)
def test_no_table(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "faces.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=reason):
        opened(path, "folder")


def stored(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)
GRAY = Image.fromarray(RAMP)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P"])
def test_gray_in_any_mode_is_the_same(mode: str) -> None:
    pixels = rgb_pixels(open_picture(stored(GRAY.convert(mode))))
    assert pixels.dtype == np.uint8 and pixels.shape == (16, 16, 3)
    assert all(np.array_equal(pixels[..., channel], RAMP) for channel in range(3))


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled(form: str) -> None:
    data = stored(Image.fromarray(RAMP.astype(np.uint16) * 257), form)
    assert np.array_equal(rgb_pixels(open_picture(data))[..., 0], RAMP)


def test_pictures_stand_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    pixels = rgb_pixels(open_picture(stored(GRAY, "PNG", exif=exif)))
    assert np.array_equal(pixels[..., 0], np.rot90(RAMP, -1))


def test_what_is_transparent_is_white() -> None:
    clear = GRAY.convert("RGBA")
    clear.putpixel((3, 3), (50, 50, 50, 0))
    pixels = rgb_pixels(open_picture(stored(clear)))
    assert pixels[3, 3].tolist() == [255, 255, 255] and pixels[3, 4].tolist() == [52] * 3


def test_levels_without_a_range_are_refused() -> None:
    image = open_picture(stored(Image.fromarray(RAMP.astype(np.float32)), "TIFF"))
    with pytest.raises(BadPictureError, match="has mode F"):
        rgb_pixels(image)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_table_in_utf_16(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "faces.csv"
    path.write_bytes("\ufeffpath,label\n1.png,happy\n".encode(encoding))
    with pytest.raises(DataError, match=r"faces\.csv is text in UTF-16: save it as UTF-8"):
        opened(path, "folder")


@pytest.mark.parametrize("way", ["up", "to and fro"])
def test_links_that_lead_back(way: str, tmp_path: Path) -> None:
    tree = class_tree(tmp_path / "tree", ("happy", "sad"), 2)
    if way == "up":
        (tree / "happy" / "again").symlink_to(tree)
    else:
        (tree / "happy" / "again").symlink_to(tree / "sad")
        (tree / "sad" / "again").symlink_to(tree / "happy")
    with pytest.raises(DataError, match="again is a link back to a folder around it") as caught:
        opened(tree, "folder")
    assert str(caught.value).count("again") <= 3


def test_links_elsewhere_are_followed(tmp_path: Path) -> None:
    class_tree(tmp_path / "kept", ("happy", "sad"), 2)
    for name in ("happy", "sad"):
        (tmp_path / "tree").mkdir(exist_ok=True)
        (tmp_path / "tree" / name).symlink_to(tmp_path / "kept" / name)
    assert len(opened(tmp_path / "tree", "folder")) == 4
