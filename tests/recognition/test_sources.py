"""Pictures and videos that people really have, and those that cannot be used."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from fer.data.readers.pictures import is_animated
from fer.errors import DataError
from fer.recognition.sources import Files, open_source
from fer.recognition.videos import Video
from tests.detection.scenes import plain


def read(path: Path) -> tuple[list[np.ndarray], Files]:
    source = open_source(str(path))
    assert isinstance(source, Files)
    return [frame.image for frame in source.frames()], source


def half_red(height: int = 20, width: int = 30) -> np.ndarray:
    picture = np.zeros((height, width, 3), dtype=np.uint8)
    picture[:, : width // 2, 0] = 200
    return picture


@pytest.mark.parametrize("mode", ["L", "RGBA", "CMYK", "P", "1", "LA", "I;16"])
def test_every_mode_becomes_rgb(mode: str, tmp_path: Path) -> None:
    picture = Image.fromarray(half_red())
    if mode == "I;16":
        picture = Image.fromarray((np.asarray(picture.convert("L")).astype(np.uint16)) * 257)
    else:
        picture = picture.convert(mode)
    path = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    picture.save(path)
    ((image,), source) = read(path)
    assert image.dtype == np.uint8 and image.shape == (20, 30, 3)
    assert image[:, :15].mean() > image[:, 15:].mean() and source.problems == []


def test_the_orientation_of_a_phone_is_honoured(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned a quarter to the right
    Image.fromarray(half_red()).save(tmp_path / "a.jpg", exif=exif)
    ((image,), _) = read(tmp_path / "a.jpg")
    assert image.shape == (30, 20, 3)
    assert image[:13, :, 0].mean() > 150 > 50 > image[17:, :, 0].mean()


def test_of_an_animation_the_first_frame_is_taken_and_that_is_told(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (30, 20), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    ((image,), source) = read(tmp_path / "a.gif")
    assert image[0, 0].tolist() == [255, 0, 0]
    assert source.notes == [f"{tmp_path / 'a.gif'} is animated: its first frame was taken"]


def bomb(width: int = 30_000, height: int = 30_000) -> bytes:
    """A PNG of few bytes that says it has 900 megapixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def cut_picture() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)).save(
        buffer, "PNG"
    )
    return buffer.getvalue()[:2000]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty (0 bytes)"),
        (b"no picture at all", "is no picture"),
        (bomb(), "larger than 64 megapixels"),
        (cut_picture(), "cannot be decoded"),
        (None, "cannot be read"),
    ],
)
def test_a_bad_picture_is_named_and_the_others_are_looked_at(
    content: bytes | None, reason: str, tmp_path: Path
) -> None:
    bad = tmp_path / "b.png"
    if content is None:
        bad.symlink_to(tmp_path / "gone.png")
    else:
        bad.write_bytes(content)
    for name in ("a.png", "c.png"):
        Image.fromarray(half_red()).save(tmp_path / name)
    images, source = read(tmp_path)
    assert len(images) == 2
    (problem,) = source.problems
    assert problem.startswith(str(bad)) and reason in problem


def test_folders_and_patterns_give_pictures_in_order(tmp_path: Path) -> None:
    for name in ("b/2.jpg", "a.png", "b/1.png", "notes.txt", ".hidden.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(half_red()).save(tmp_path / name, "PNG")
    named = [Path(frame.source).name for frame in open_source(str(tmp_path)).frames()]
    assert named == ["a.png", "1.png", "2.jpg"]
    found = [Path(f.source).name for f in open_source(str(tmp_path / "**" / "*.png")).frames()]
    assert sorted(found) == [".hidden.png", "1.png", "a.png"] or found == ["1.png", "a.png"]
    assert open_source(str(tmp_path)).total == 3


def test_numbers_in_names_count(tmp_path: Path) -> None:
    wanted = ["a1b9.png", "a1b10.png", "a10.png", "a/1.png", "a/02.png", "a/2.png", "a/10.png"]
    for name in wanted:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(half_red()).save(tmp_path / name)
    for source in (tmp_path, tmp_path / "**" / "*.png"):
        frames = open_source(str(source)).frames()
        assert [Path(f.source).relative_to(tmp_path).as_posix() for f in frames] == wanted


def test_paths_on_standard_input_are_read_as_they_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.fromarray(half_red()).save(tmp_path / "a b.png")
    lines = f"{tmp_path / 'a b.png'}\n\n{tmp_path / 'gone.png'}\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    source = open_source("-")
    assert [frame.source for frame in source.frames()] == [str(tmp_path / "a b.png")]
    assert len(source.problems) == 1 and "gone.png cannot be read" in source.problems[0]


@pytest.mark.parametrize("name", ["gone.png", "*.png", "."])
def test_a_source_that_holds_nothing_is_told(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"is not there|holds no pictures"):
        open_source(name)


def film(path: Path, frames: int = 30, rate: float = 10) -> Path:
    code = "MJPG" if path.suffix == ".avi" else "mp4v"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*code), rate, (160, 120))
    for number in range(frames):
        writer.write(np.full((120, 160, 3), 8 * number, dtype=np.uint8))
    writer.release()
    return path


@pytest.mark.parametrize("suffix", [".mp4", ".avi"])
def test_frames_of_a_video_have_their_time(suffix: str, tmp_path: Path) -> None:
    source = open_source(str(film(tmp_path / f"a{suffix}")))
    frames = list(source.frames())
    assert source.moving and source.total == 30 and source.problems == []
    assert [frame.number for frame in frames] == list(range(30))
    assert [frame.seconds for frame in frames] == pytest.approx([k / 10 for k in range(30)])
    assert np.abs([frame.image.mean() - 8 * (frame.number or 0) for frame in frames]).max() < 4


def test_every_nth_frame_keeps_its_time(tmp_path: Path) -> None:
    source = open_source(str(film(tmp_path / "a.mp4")), every=7)
    frames = list(source.frames())
    assert [frame.number for frame in frames] == [0, 7, 14, 21, 28]
    assert [frame.seconds for frame in frames] == pytest.approx([0, 0.7, 1.4, 2.1, 2.8])
    assert source.total == 5 and frames[0].rate == pytest.approx(10 / 7)


class OddStamps:
    """A film whose time stamps are these, in milliseconds."""

    def __init__(self, film: cv2.VideoCapture, stamps: list[float]) -> None:
        self.film, self.stamps = film, iter(stamps)

    def get(self, key: int) -> float:
        return next(self.stamps) if key == cv2.CAP_PROP_POS_MSEC else self.film.get(key)

    def __getattr__(self, name: str) -> object:
        return getattr(self.film, name)


def test_time_never_falls(tmp_path: Path) -> None:
    path = film(tmp_path / "a.avi", frames=6)
    video = Video(str(path))
    video._capture = OddStamps(video._capture, [0, 900, 900, 100, float("nan"), 1000])  # type: ignore[assignment]
    seconds = [moment for _, moment, _ in video.frames()]
    assert seconds == [0, 0.9, 0.9, 0.9, 0.9, 1.0]


def test_a_video_that_is_cut_off_gives_what_it_has_and_is_told(tmp_path: Path) -> None:
    path = film(tmp_path / "a.avi")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    source = open_source(str(path))
    count = len(list(source.frames()))
    assert 5 < count < 25
    (problem,) = source.problems
    assert problem == f"{path} is cut off or damaged: {count} of 30 frames could be read"


@pytest.mark.parametrize("content", [b"", b"no video", None])
def test_a_video_that_does_not_open_is_named(
    content: bytes | None, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.mp4"
    if content is None:
        content = film(path).read_bytes()[:-600]  # its table of contents is at the end
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.mp4 (is no video that can be opened|holds no frames)"):
        list(open_source(str(path)).frames())
    assert capfd.readouterr().err == ""


def test_a_camera_or_stream_that_is_not_there_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DataError, match="camera 97 is not there, or another program has it"):
        open_source(97)
    with pytest.raises(DataError, match=r"rtsp://127\.0\.0\.1:9/x gives no video"):
        open_source("rtsp://127.0.0.1:9/x")
    assert capfd.readouterr().err == ""


def test_a_folder_may_hold_videos_too(tmp_path: Path) -> None:
    film(tmp_path / "b.mp4", 3)
    Image.fromarray(plain()).save(tmp_path / "a.png")
    source = open_source(str(tmp_path))
    numbers = [frame.number for frame in source.frames()]
    assert numbers == [None, 0, 1, 2] and source.total is None and not source.moving


class Broken(Image.Image):
    """What Pillow gives of a TIFF file whose second frame is damaged."""

    @property
    def n_frames(self) -> int:
        raise TypeError("Missing dimensions")


def test_damage_after_the_first_frame_is_no_animation() -> None:
    assert not is_animated(Broken())
