"""The models that answer: loaded when first asked for, the last few kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from omegaconf import DictConfig

from fer.detection import Detector, detector
from fer.recognition.cutting import FaceCutter
from fer.recognition.engines import Engine
from fer.recognition.loading import SHIPPED as SHIPPED_FILE
from fer.recognition.loading import open_engine
from fer.recognition.recognizer import Face, Recognizer
from fer.runs.folder import RunFolder
from fer.serving.choices import SHIPPED, Choice, describe, find_choices

KEPT = 3
"""Models that stay in memory."""

Mark = tuple[int, int] | None
"""When a model's file was last changed, in nanoseconds, and its bytes; None where it is gone."""


class Models:
    """Answers for several threads at once: they share the networks, each has its own detector.

    Args:
        config: A resolved configuration of `conf/serve.yaml`.

    Raises:
        ConfigError: The detector, or a package, is not there.
        RunError: There is no model, or the first one cannot be used.
    """

    def __init__(self, config: DictConfig) -> None:
        self._config = config
        self._runs = None if config.runs is None else Path(config.runs).expanduser()
        self._engines: OrderedDict[str, tuple[Mark, Engine]] = OrderedDict()
        self._lock, self._loading = threading.Lock(), threading.Lock()
        self._own = threading.local()
        self._first: dict[str, Choice] = {}
        if config.run is not None or SHIPPED_FILE.is_file():
            name = SHIPPED if config.run is None else Path(config.run).name
            source = None if config.run is None else Path(config.run)
            mark, engine = _mark(source), open_engine(source, config.threads)
            self._engines[name] = mark, engine
            self._first[name] = Choice(source, describe(name, engine.info.story))
        self.choices = self.look()
        if not self.choices:
            open_engine(None)  # says what to do
        self.default = next(iter(self.choices))
        self._detector(self._engine(self.default).info.crop.align)

    def look(self) -> dict[str, Choice]:
        """The models that can be chosen now, by id; the first is the default."""
        self.choices = {**self._first, **find_choices(self._runs)}
        return self.choices

    def recognise(self, name: str, image: NDArray[np.uint8], whole: bool = False) -> list[Face]:
        """The faces of a picture.

        Args:
            name: The id of a model.
            image: uint8 `[H, W, 3]`, RGB.
            whole: Take the picture as one face, without looking for faces.

        Raises:
            KeyError: There is no such model.
            RunError: It cannot be used.
        """
        engine = self._engine(name)
        config, kind = self._config, "none" if whole else self._config.detector
        align = None if kind == "none" else config.align
        cutter = FaceCutter(engine.info.crop, kind, config.margin, align)
        finder = None if kind == "none" else self._detector(cutter.align)
        return Recognizer(engine, finder, cutter)(image)

    def _engine(self, name: str) -> Engine:
        """A model's engine; the one that was used longest ago goes when there are too many.

        It is opened anew where its file changed, as by a training with restart=true.
        """
        source = self.choices[name].source
        if (known := self._known(name, _mark(source))) is not None:
            return known
        with self._loading:  # the others go on answering meanwhile
            mark = _mark(source)
            if (known := self._known(name, mark)) is not None:
                return known
            engine = open_engine(source, self._config.threads)
            if name in self._first:
                self._first[name] = Choice(source, describe(name, engine.info.story))
        with self._lock:
            self._engines[name] = mark, engine
            self._engines.move_to_end(name)
            if len(self._engines) > KEPT:
                self._engines.popitem(last=False)
        return engine

    def _known(self, name: str, mark: Mark) -> Engine | None:
        with self._lock:
            if name not in self._engines or self._engines[name][0] != mark:
                return None
            self._engines.move_to_end(name)
            return self._engines[name][1]

    def _detector(self, eyes: bool) -> Detector | None:
        """This thread's own, since OpenCV's are not made for several at once."""
        config = self._config
        if config.detector == "none":
            return None
        own: dict[bool, Detector] = self._own.__dict__.setdefault("detectors", {})
        if eyes not in own:
            own[eyes] = detector(
                config.detector,
                config.detector_model,
                min_size=config.min_size,
                min_score=config.min_score,
                eyes=eyes,
            )
        return own[eyes]


def _mark(source: Path | None) -> Mark:
    """By which a model's file is known again; of a run, its best checkpoint's."""
    path = SHIPPED_FILE if source is None else source.expanduser()
    try:
        found = (RunFolder(path).best if path.is_dir() else path).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
