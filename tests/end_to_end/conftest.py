"""Few real runs, shared by many tests; who changes a run works on a copy."""

from __future__ import annotations

import importlib
import shutil
from pathlib import Path
from types import ModuleType

import pytest

from tests.builders_runs import make_run, settings_of
from tests.end_to_end.commands import (
    TINY,
    UNTRACKED,
    Copy,
    Done,
    cut_short,
    here,
    in_process_of_its_own,
)

RECORDED = (
    *TINY,
    "data.train=140",
    "data.test=70",
    "optimizer.lr=0.01",
    "trainer.max_epochs=3",
    "logger.tags=[small,quick]",
    "logger.checkpoint=true",
)


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """Three epochs in a process of its own, kept by W&B. Not to be changed."""
    folder = tmp_path_factory.mktemp("recorded")
    return Done(folder, RECORDED, in_process_of_its_own("train", *RECORDED, folder=folder))


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """An epoch, without W&B. Not to be changed."""
    folder = tmp_path_factory.mktemp("plain")
    arguments = (*TINY, UNTRACKED)
    return Done(folder, arguments, here("train", *arguments, folder=folder))


LONG = (
    *TINY,
    "data.train=56",
    "trainer.max_epochs=4",
    "model.dropout=0.2",
    "augment=strong",
    "optimizer.lr=0.01",
    "scheduler=onecycle",
)


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """Four epochs, with everything that draws random numbers. Not to be changed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    return Done(folder, (*LONG, UNTRACKED), here("train", *LONG, UNTRACKED, folder=folder))


@pytest.fixture(scope="session")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """The same, ended in the middle of the third epoch. Not to be changed."""
    folder = tmp_path_factory.mktemp("cut")
    return Done(folder, LONG, cut_short(*LONG, epoch=3, folder=folder))


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """The same under another folder, free to be changed."""

    def copied(done: Done) -> Done:
        folder = tmp_path / "copy"
        shutil.copytree(done.folder, folder, symlinks=True)
        return Done(folder, done.arguments, done.told)

    return copied


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script that writes the studies' tables."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "experiments"))
    return importlib.import_module("tables")


@pytest.fixture
def three(tmp_path: Path) -> Path:
    """Two runs that differ by a hair, and a much better one of lower validation accuracy."""
    outputs = tmp_path / "outputs" / "study"
    make_run(outputs / "resnet18-faces-aaaa", 100, 0.60)
    make_run(outputs / "resnet34-faces-bbbb", 102, 0.55, settings=settings_of("resnet34"))
    make_run(outputs / "resnet50-faces-cccc", 180, 0.58, settings=settings_of("resnet50"))
    return tmp_path
