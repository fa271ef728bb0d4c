"""What the sections share: configurations, the clock around `fer.train`'s epochs, rows."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from hydra import compose, initialize_config_dir
from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from omegaconf import DictConfig

import fer.training.lightning_trainer
import fer.training.train
from fer.checks import check_training
from fer.config import CONF, plain, resolve
from fer.data.data_sets import build_data, divide
from fer.data.modules import FaceDataModule
from fer.runs.folder import RunFolder
from speed.clock import Seconds, median, read_clock, since


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Attributes:
        section: Which section measured it.
        what: What was measured.
        value: The figure; None where there is only a ratio.
        unit: Of the figure.
        ratio: To the section's reference, as `note` says.
        busy_ratio: The same by processor time.
        note: What the ratio compares, and all else a reader must know.
    """

    section: str
    what: str
    value: float | None
    unit: str
    ratio: float | None = None
    busy_ratio: float | None = None
    note: str = ""


@dataclass
class Bench:
    """What all sections are told.

    Attributes:
        folder: Receives the cache and the run folders.
        data: FER2013's zip, folder or table; None for synthetic faces.
        images: Training images; about so many of FER2013, None all.
        epochs: That are timed, after one that is not.
        rounds: How often what is compared takes turns.
        big: Images of 112 x 112 x 3 in the section `memory`.
        overrides: Of every training, such as `model=slim`.
    """

    folder: Path
    data: Path | None
    images: int | None
    epochs: int
    rounds: int
    big: int
    overrides: Sequence[str]
    numbers: Iterable[int] = field(default_factory=itertools.count)

    def command_line(self, *more: str, images: int | None = None) -> list[str]:
        """Overrides of one training, in a folder of its own, from a cache that all share."""
        wanted = images or self.images
        if self.data is not None:
            chosen = ["data=fer2013", f"data.path={self.data}"]
            chosen += [f"data.images_per_class={max(1, wanted // 7)}"] if wanted else []
        else:
            wanted = wanted or 4200
            chosen = [f"data.train={wanted}", f"data.validation={max(14, wanted // 5)}"]
            chosen += ["data.test=70"]
        number = next(iter(self.numbers))
        return [
            *chosen,
            f"paths.outputs={self.folder}/run-{number}",
            f"paths.cache={self.folder}/cache",
            "scheduler=constant",
            "trainer.progress=bar",
            f"trainer.max_epochs={self.epochs + 1}",
            *self.overrides,
            *more,
        ]

    def config(self, *more: str, images: int | None = None) -> DictConfig:
        """The configuration of `command_line`, checked."""
        with initialize_config_dir(str(CONF), version_base="1.3"):
            config = compose("train", overrides=self.command_line(*more, images=images))
        config = resolve(config)
        check_training(config)
        return config


def opened(config: DictConfig) -> FaceDataModule:
    """A configuration's data, opened and split as `fer.train` does."""
    settings = plain(config)
    data = build_data(settings)
    data.open(progress=False)
    divide(settings, data)
    return data


class EpochClock(Callback):
    """Times whole epochs of `fer.train`, with validation, rows and checkpoints.

    Args:
        beside: Runs, untimed, before each epoch.
    """

    def __init__(self, beside: Callable[[], None] | None = None) -> None:
        self.beside, self.epochs = beside, []
        self.started: Seconds | None = None

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Ends the epoch before, and starts the clock."""
        self.on_train_end(trainer, pl_module)
        if self.beside is not None:
            self.beside()
        self.started = read_clock()

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Ends the last epoch."""
        if self.started is not None:
            self.epochs.append(since(self.started))


def train_timed(
    config: DictConfig, beside: Callable[[], None] | None = None
) -> tuple[RunFolder, list[Seconds]]:
    """Runs `fer.train`; returns its folder and the time of every epoch."""
    clock, usual = EpochClock(beside), fer.training.lightning_trainer.progress_callbacks

    def callbacks(kind: str) -> list[Callback]:
        return [clock, *usual(kind)]

    with mock.patch.object(fer.training.lightning_trainer, "progress_callbacks", callbacks):
        run = fer.training.train.train(config, tables=False)
    return run, clock.epochs


def epoch_rows(
    section: str, unit: str, times: dict[str, list[Seconds]], reference: str, note: str = ""
) -> list[Row]:
    """A row for each thing timed, beside the reference."""
    base = median(times[reference])
    return [
        Row(
            section,
            what,
            median(taken).wall,
            unit,
            median(taken).wall / base.wall,
            median(taken).busy / base.busy,
            "reference" if what == reference else note,
        )
        for what, taken in times.items()
    ]
