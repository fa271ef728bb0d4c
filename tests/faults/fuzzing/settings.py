"""Configurations and command lines as targets."""

from __future__ import annotations

import sys
from pathlib import Path

import yaml
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from fer.checks import check_training
from fer.config import command, resolve
from tests.composing import settings
from tests.faults.fuzzing.errors import RefusedError
from tests.faults.fuzzing.target import Target

WORDS = """\
data=fer2013
data.path=here/fer2013.zip
data.batch_size=64
model=resnet18
model.normalisation=[0.5,0.25]
model.unfreeze={0:5,2:3}
protocol=holdout
protocol.ratios=[0.8,0.1,0.1]
optimizer.lr=0.001
augment=strong
trainer.max_epochs=3
name=study
tag=x
"""


def _values(folder: Path) -> None:
    (folder / "train.values").write_text(yaml.safe_dump(settings("augment=strong")))


def _check(folder: Path, cache: Path) -> None:
    """As `fer.train` does with what Hydra composed."""
    try:
        composed = OmegaConf.create(yaml.safe_load((folder / "train.values").read_bytes()))
    except Exception as error:  # Hydra's part, whose own errors `command` tells
        raise RefusedError("no configuration") from error
    if not OmegaConf.is_dict(composed) or set(composed) != set(settings("augment=strong")):
        raise RefusedError("Hydra composes no such configuration")
    check_training(resolve(composed))


def _command_line(folder: Path, cache: Path) -> None:
    """`python -m fer.train` with these words, up to the check."""
    text = (folder / "words.txt").read_bytes().decode(errors="surrogateescape")
    words = [word for word in text.replace("\0", "").splitlines() if word]
    sys.argv = ["fer.train", *(word for word in words if not word.startswith("-"))]
    GlobalHydra.instance().clear()
    try:
        command("train", check_training)
    except SystemExit as end:
        raise RefusedError(f"status {end.code}") from None


SETTINGS = (
    Target("values of settings", _values, _check, 0.7, ("train.values",), tricks=False),
    Target(
        "command lines",
        lambda folder: (folder / "words.txt").write_text(WORDS),
        _command_line,
        0.1,
        ("words.txt",),
        tricks=False,
    ),
)
