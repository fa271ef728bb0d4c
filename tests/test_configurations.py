"""Every file of conf/ can be chosen, and says how."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from fer.checks import check_training
from fer.config import CONF
from tests.composing import choices, composed

GROUPS = (
    "data",
    "protocol",
    "augment",
    "model",
    "optimizer",
    "scheduler",
    "loss",
    "trainer",
    "logger",
)
NEEDS = {"loss=multi_target": ("data=ferplus", "data.labels=multi_target")}
"""What a choice cannot be made without."""

FILES = [f"{group}={name}" for group in GROUPS for name in choices(group)]
EXPERIMENTS = sorted(Path(CONF, "experiment").rglob("*.yaml"))


def experiment(file: Path) -> str:
    return file.relative_to(CONF / "experiment").with_suffix("").as_posix()


def test_no_group_is_forgotten() -> None:
    found = {folder.name for folder in CONF.iterdir() if folder.is_dir()}
    assert found - {"experiment", "local", "hydra", "__pycache__"} == set(GROUPS)


@pytest.mark.parametrize("choice", FILES)
def test_every_choice_composes_and_passes_the_checks(choice: str) -> None:
    group, _, name = choice.partition("=")
    chosen = composed(choice, *NEEDS.get(choice, ()))
    check_training(chosen)
    node = chosen[group]
    assert node.get("name", name) == name or group == "loss" or name in ("timm", "classical")


@pytest.mark.parametrize("choice", FILES)
def test_every_file_begins_with_what_it_is(choice: str) -> None:
    group, _, name = choice.partition("=")
    if group not in ("trainer", "logger"):
        assert Path(CONF, group, f"{name}.yaml").read_text(encoding="utf-8").startswith("# ")


@pytest.mark.parametrize("file", EXPERIMENTS, ids=experiment)
def test_every_experiment_composes_and_passes_the_checks(file: Path) -> None:
    name = experiment(file)
    chosen = composed(f"experiment={name}")
    check_training(chosen)
    assert chosen.name != "default"


def commands(file: Path) -> list[list[str]]:
    """The words of the commands in a file's first lines."""
    head = file.read_text(encoding="utf-8").splitlines()[:6]
    return [shlex.split(line[1:]) for line in head if line.startswith("# python -m fer.train")]


@pytest.mark.parametrize("file", EXPERIMENTS, ids=experiment)
def test_every_experiment_says_the_command_that_runs_it(file: Path) -> None:
    told = commands(file)
    assert told
    assert any(f"experiment={experiment(file)}" in words for words in told)


@pytest.mark.parametrize("file", EXPERIMENTS, ids=experiment)
def test_commands_of_experiments_can_be_typed(file: Path) -> None:
    for words in commands(file):
        overrides = [word for word in words[3:] if word != "-m"]
        first = [
            word if word.partition("=")[2].startswith("[") else word.partition(",")[0]
            for word in overrides
        ]
        check_training(composed(*first))


@pytest.mark.parametrize("name", ["default", *map(experiment, EXPERIMENTS)])
def test_nothing_leaves_the_folders_that_paths_name(name: str) -> None:
    chosen = composed() if name == "default" else composed(f"experiment={name}")
    assert not Path(chosen.paths.outputs).is_absolute()
    assert Path(chosen.paths.cache).is_relative_to(chosen.paths.outputs)
