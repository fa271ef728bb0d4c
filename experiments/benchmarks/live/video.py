"""Whole pipelines on a video of one face."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from speed.clock import Seconds, timed

import fer
from fer.detection import detector
from fer.detection.yunet import MIN_SCORE
from fer.detection.yunet_model import find_model
from live import film, pipelines
from live.other_package import Worker, make_environment
from live.turns import Row, Ways, take_turns

OURS = "whole pipeline: YuNet and the model"
CHEAPER = "our time to its: at most 1.5"
REFERENCES = {
    "decoding and YuNet, ours": CHEAPER,
    "decoding and YuNet, OpenCV's": CHEAPER,
    "the whole pipeline with Haar": "its time to ours",
    "sheng2024: Haar and eager ResNet18": "its time to ours: at least 2.5",
    "package fer, its default, TFLite": "its time to ours: at least 3",
    "package fer, mini-Xception in Keras": "its time to ours: at least 3",
}


def measure(given: argparse.Namespace, folder: Path) -> list[Row]:
    """All of them in turns; of the package only where it is asked for."""
    path = folder / "film.mp4"
    yunet = find_model(given.yunet)
    searching = detector("yunet", yunet)
    faces = film.fer2013_faces(given.data, folder) if given.data else film.drawn_faces()
    faces = film.found_by_all(faces, (detector("haar"), searching))
    film.write_film(path, faces, given.frames)

    def looking(pipeline: pipelines.Pipeline) -> Callable[[], Seconds]:
        def look() -> Seconds:
            found: list[int] = []
            taken = timed(lambda: found.append(pipeline(path)))
            check_found(found[0], given.frames)
            return taken

        return look

    own, cv, haar, sheng, tflite, keras = REFERENCES
    quick = fer.load(given.model, "yunet", detector_model=yunet, threads=given.threads)
    with_haar = fer.load(given.model, "haar", threads=given.threads)
    ways: Ways = {
        OURS: looking(pipelines.whole(quick)),
        own: looking(pipelines.detecting(searching)),
        cv: looking(pipelines.opencv_yunet(yunet, MIN_SCORE)),
        haar: looking(pipelines.whole(with_haar)),
        sheng: looking(pipelines.sheng2024()),
    }
    if given.package is None:
        times = take_turns(ways, given.rounds)
    else:
        with Worker(make_environment(given.package), path, given.threads) as worker:

            def asking(way: str) -> Callable[[], Seconds]:
                def look() -> Seconds:
                    wall, busy, found = worker.look(way)
                    check_found(found, given.frames)
                    return Seconds(wall, busy)

                return look

            times = take_turns(
                {**ways, tflite: asking("tflite"), keras: asking("keras")}, given.rounds
            )
    return [beside(what, taken, times[OURS], given.frames) for what, taken in times.items()]


def beside(what: str, taken: Seconds, ours: Seconds, frames: int) -> Row:
    """A pipeline's line."""
    figures = (1000 * taken.wall / frames, 1000 * taken.busy / frames, "ms a frame")
    if what == OURS:
        return Row("video", what, *figures)
    over, under = (ours, taken) if REFERENCES[what] == CHEAPER else (taken, ours)
    ratios = (over.wall / under.wall, over.busy / under.busy)
    return Row("video", what, *figures, *ratios, REFERENCES[what])


def check_found(found: int, frames: int) -> None:
    """Pipelines that see something else are not compared."""
    if not 0.8 * frames <= found <= 1.2 * frames:
        raise SystemExit(f"{found} faces in {frames} frames of one face each: choose other --data")
