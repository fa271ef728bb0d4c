"""`fer.realtime`: frames of a camera through a recognizer, into a window."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from omegaconf import DictConfig

from fer.errors import DataError
from fer.processes.signals import ends_as_ctrl_c
from fer.recognition.drawing import draw_faces, draw_note
from fer.recognition.loading import load_configured
from fer.recognition.newest import Newest
from fer.recognition.predicting import INTERRUPTED
from fer.recognition.recognizer import Face, Recognizer
from fer.recognition.recording import Recorder
from fer.recognition.smoothing import Smoother
from fer.recognition.sources import Frame, Moving, open_source
from fer.recognition.window import ScreenWindow, Window

SPEED = 1.0
"""Seconds over which frames per second are averaged."""

PAUSE = 0.03
"""Seconds between two looks at the keys while the picture stands still."""


def live(config: DictConfig, open_window: Callable[[], Window] = ScreenWindow) -> None:
    """Looks until the video ends, `q` is pressed, or the window is closed.

    Args:
        config: A resolved configuration of `conf/realtime.yaml`.
        open_window: Where to show it.

    Raises:
        ConfigError: There is no screen, or a setting does not fit the machine.
        DataError: The camera cannot be used, or gives no more pictures.
        RunError: The model cannot be used.
    """
    window = open_window()
    source = open_source(config.camera)
    if not isinstance(source, Moving):
        raise DataError(
            f"camera={config.camera} is no camera, no video and no stream: for pictures, "
            f"python -m fer.predict source={config.camera}"
        )
    recognizer = load_configured(config)
    threshold = recognizer.engine.info.threshold
    smoother = Smoother(config.smoothing, config.hold, config.overlap, threshold)
    recorder = Recorder(Path(config.folder).expanduser())
    mirrored = config.mirror and isinstance(config.camera, int)
    show = LiveView(recognizer, smoother, window, recorder, mirrored)
    frames = Newest(source.frames()) if source.live else _in_time(source.frames())
    interrupted = False
    try:
        with ends_as_ctrl_c():
            show.run(islice(frames, config.frames))
    except KeyboardInterrupt:
        interrupted = True
    finally:
        recorder.stop()
        window.close()
        if isinstance(frames, Newest):
            frames.close()
    print(f"{show.count:,} frames in {show.seconds:.1f} s")
    for path in recorder.files:
        print(path)
    if source.problems and not show.quit:
        raise DataError("\n".join(source.problems))
    if interrupted:
        sys.exit(INTERRUPTED)


class LiveView:
    """The loop between frames and a window.

    Args:
        recognizer: Finds and reads the faces.
        smoother: Calms them.
        window: Shows them, and hears the keys.
        recorder: Saves what is shown.
        mirrored: Show pictures as in a mirror.

    Attributes:
        count: Frames that were shown.
        seconds: Time that it took.
        quit: Whether a key, or closing the window, ended it.
    """

    def __init__(
        self,
        recognizer: Recognizer,
        smoother: Smoother,
        window: Window,
        recorder: Recorder,
        mirrored: bool = False,
    ) -> None:
        self.recognizer, self.smoother = recognizer, smoother
        self.window, self.recorder, self.mirrored = window, recorder, mirrored
        self.count, self.seconds, self.quit = 0, 0.0, False
        self._paused = False
        self._times: list[float] = []

    def run(self, frames: Iterable[Frame]) -> None:
        """Shows the frames until they end, or somebody quits."""
        began, paused = time.monotonic(), False
        for frame in frames:
            image = np.ascontiguousarray(frame.image[:, ::-1]) if self.mirrored else frame.image
            seconds = frame.seconds or 0.0
            faces = self.smoother(self.recognizer(image), seconds)
            self.count += 1
            self.seconds = time.monotonic() - began
            drawn = draw_faces(image, faces)
            if paused:
                self.recorder.go_on(seconds)
            self.recorder.write(drawn, seconds)
            self._show(drawn, faces, seconds)
            paused = self._paused
            while self._paused and not self.quit:
                time.sleep(PAUSE)
                self._show(drawn, faces, seconds)
            if self.quit:
                return

    @property
    def speed(self) -> float:
        """Frames per second, of late."""
        now = time.monotonic()
        self._times = [moment for moment in self._times if now - moment <= SPEED]
        return len(self._times) / SPEED

    def _show(self, drawn: NDArray[np.uint8], faces: list[Face], seconds: float) -> None:
        if not self._paused:
            self._times.append(time.monotonic())
        note = "paused" if self._paused else f"{self.speed:.0f} fps"
        note += ", recording" if self.recorder.recording else ""
        key = self.window.show(draw_note(drawn, note))
        if key == "q":
            self.quit = True
        elif key == " ":
            self._paused = not self._paused
        elif key == "s":
            self.recorder.picture(drawn)
        elif key == "r" and self.recorder.recording:
            self.recorder.stop()
        elif key == "r":
            self.recorder.start(drawn, seconds)
            self.recorder.write(drawn, seconds)


def _in_time(frames: Iterable[Frame]) -> Iterator[Frame]:
    """Frames of a file no sooner than a player would show them; none is left out."""
    began = time.monotonic()
    for frame in frames:
        ahead = (frame.seconds or 0.0) - (time.monotonic() - began)
        if ahead > 0:
            time.sleep(ahead)
        else:
            began -= ahead  # what was lost is not made up for
        yield frame
