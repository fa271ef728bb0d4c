"""The benchmark of recognition: what it compares does the same work, and ratios are upright."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import cv2
import pytest

import fer
from fer.detection import detector
from tests.recognition.models import brightness_model

FRAMES = 6


@pytest.fixture(scope="module")
def live() -> Iterator[SimpleNamespace]:
    """The benchmark's modules."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parents[2] / "experiments" / "benchmarks")
        from live import film, other_package, pipelines, video

        yield SimpleNamespace(
            film=film, other_package=other_package, pipelines=pipelines, video=video
        )


@pytest.fixture(scope="module")
def film(live: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    faces = live.film.found_by_all(live.film.drawn_faces(), [detector("haar")])
    live.film.write_film(path, faces, FRAMES)
    return Path(path)


def test_the_video_is_a_webcams(film: Path) -> None:
    video = cv2.VideoCapture(str(film))
    sides = [video.get(key) for key in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)]
    assert sides == [640, 480] and video.get(cv2.CAP_PROP_FRAME_COUNT) == FRAMES


def test_every_pipeline_finds_the_face(live: SimpleNamespace, film: Path, tmp_path: Path) -> None:
    ways = live.pipelines
    model = brightness_model(tmp_path / "model.onnx")
    assert ways.whole(fer.load(model))(film) == FRAMES
    assert ways.detecting(detector("haar"))(film) == FRAMES
    assert ways.sheng2024()(film) == FRAMES
    with pytest.raises(SystemExit, match="3 faces in 6 frames"):
        live.video.check_found(3, FRAMES)


def test_ratios_say_how_ours_does(live: SimpleNamespace) -> None:
    from speed.clock import Seconds

    searching, *_, package = live.video.REFERENCES
    ours, other = Seconds(2.0, 1.0), Seconds(8.0, 5.0)
    row = live.video.beside(package, other, ours, frames=10)
    assert (row.ratio, row.busy_ratio, row.value) == (4, 5, 800)
    row = live.video.beside(searching, other, ours, frames=10)
    assert (row.ratio, row.busy_ratio) == (0.25, 0.2)
    assert live.video.beside(live.video.OURS, ours, ours, 10).ratio is None


def test_an_environment_without_the_package_is_told(live: SimpleNamespace, film: Path) -> None:
    worker = live.other_package.Worker(Path(sys.executable), film, 1)
    with worker, pytest.raises(SystemExit, match="remove the folder of --package"):
        worker.look("tflite")
    assert worker.process.poll() is not None
