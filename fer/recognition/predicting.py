"""`fer.predict`: frames of a source through a recognizer, to the terminal and into files."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from fer.detection import opencv
from fer.errors import ConfigError, DataError
from fer.processes.signals import ends_as_ctrl_c
from fer.recognition.loading import load_configured
from fer.recognition.recognizer import Face, Recognizer
from fer.recognition.summary import Summary

TOGETHER = 8
"""Frames that are recognised in one call."""

PIXELS = 32_000_000
"""Pixels of such frames, at most, so that large pictures do not pile up in memory."""

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


def predict(config: DictConfig) -> None:
    """Looks at all frames, writes what is asked for, and prints a table and a summary.

    Args:
        config: A resolved configuration of `conf/predict.yaml`.

    Raises:
        ConfigError: The settings do not fit the source.
        DataError: The source, or a part of it, cannot be used; told after all else is done.
        RunError: The model cannot be used.
    """
    opencv()
    from fer.recognition.outputs import Annotated, FaceLines
    from fer.recognition.sources import Source, open_source
    from fer.recognition.timeline import Timeline

    source: Source = open_source(config.source, config.every)
    if config.timeline is not None and not source.moving:
        raise ConfigError(
            f"timeline={config.timeline}: it is of one video, stream or camera, and "
            f"source={config.source} is none"
        )
    recognizer = load_configured(config)
    summary = Summary(recognizer.classes, config.rows, written=config.faces is not None)
    takers: list[Callable[[Any, list[Face]], None]] = [summary.add]
    timeline = Timeline(recognizer.classes, 2 / source.rate) if source.moving else None
    interrupted = False
    with ExitStack() as files:
        if config.faces is not None:
            lines = FaceLines(Path(config.faces).expanduser(), recognizer.classes)
            takers.append(files.enter_context(closing(lines)).write)
        if config.annotated is not None:
            drawn = Annotated(Path(config.annotated).expanduser())
            takers.append(files.enter_context(closing(drawn)).write)
        if timeline is not None:
            takers.append(timeline.take)
        frames = islice(source.frames(), config.frames)
        together = 1 if source.live else TOGETHER
        try:
            with ends_as_ctrl_c(), _bar(config, source.total) as advance:
                for frame, faces in _recognised(recognizer, frames, together):
                    for take in takers:
                        take(frame, faces)
                    advance()
        except KeyboardInterrupt:
            interrupted = True
    if config.timeline is not None and timeline is not None:
        path = Path(config.timeline).expanduser()
        timeline.draw(path, f"{config.source}, {summary.frames:,} frames, {_model(config)}")
    summary.show()
    for note in source.notes:
        print(note)
    for key in ("faces", "annotated", "timeline"):
        if config[key] is not None:
            print(f"{key}: {config[key]}")
    if source.problems:
        raise DataError(_told(source.problems))
    if interrupted:
        print(f"interrupted after {summary.frames:,} frames; what was written is whole up to there")
        sys.exit(INTERRUPTED)


def _recognised(
    recognizer: Recognizer, frames: Iterable[Any], together: int
) -> Iterator[tuple[Any, list[Face]]]:
    """Each frame with its faces, several frames to a call."""
    for some in _batches(frames, together):
        yield from zip(some, recognizer([frame.image for frame in some]), strict=True)


def _batches(frames: Iterable[Any], most: int) -> Iterator[list[Any]]:
    """So many frames at a time, fewer where they are large."""
    some: list[Any] = []
    pixels = 0
    for frame in frames:
        some.append(frame)
        pixels += frame.image.size // 3
        if len(some) >= most or pixels >= PIXELS:
            yield some
            some, pixels = [], 0
    if some:
        yield some


@contextmanager
def _bar(config: DictConfig, total: int | None) -> Iterator[Callable[[], None]]:
    """A bar with the time left, on a terminal that wants one; gives what moves it on."""
    console = Console(stderr=True)
    hidden = config.progress == "none" or not console.is_terminal
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=hidden) as progress:
        known = [number for number in (total, config.frames) if number is not None]
        task = progress.add_task("frames", total=min(known) if known else None)
        yield lambda: progress.advance(task)


def _model(config: DictConfig) -> str:
    return "shipped model" if config.run is None else Path(config.run).name


def _told(problems: list[str]) -> str:
    """The first few of what could not be used."""
    shown = "\n  ".join(problems[:10])
    more = f"\n  and {len(problems) - 10:,} more" if len(problems) > 10 else ""
    if len(problems) == 1:
        return shown
    return f"{len(problems):,} of the sources could not be used:\n  {shown}{more}"
