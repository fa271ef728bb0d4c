"""The commands of the README, and of those of the experiments, can be typed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser

from fer.checks import check_training
from fer.config import CONF, resolve

HOME = Path(__file__).resolve().parents[1]
READ = (HOME / "README.md", *sorted(HOME.glob("experiments/**/*.md")))
TYPED = re.compile(r"python -m fer\.(\w+) ?([^`\n|]*)")


def commands() -> list[tuple[str, ...]]:
    """Every command of fer, in blocks and in tables: its name and its overrides."""
    found = []
    text = "\n".join(path.read_text(encoding="utf-8") for path in READ).replace("\\\n", " ")
    for name, rest in TYPED.findall(text):
        words = shlex.split(re.sub(r"<.*?>", "run", rest), comments=True)
        found.append((name, *(word for word in words if word not in ("-m", "--help", "...", "&"))))
    return sorted({words for words in found if "plugins=my_faces" not in words})


def first(override: str) -> str:
    """The first of the values that a sweep takes in turn."""
    key, _, value = override.partition("=")
    swept = OverridesParser.create().parse_override(override).is_sweep_override()
    return f"{key}={value.partition(',')[0]}" if swept else override


@pytest.mark.slow
@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_a_command_can_be_typed(words: tuple[str, ...]) -> None:
    name, *given = words
    overrides = [first(word) for word in given if "=" in word]
    assert all(name == "compare" for word in given if "=" not in word), "no setting"
    with initialize_config_dir(str(CONF), version_base="1.3"):
        chosen = compose(name, overrides=overrides)
    if name == "train":
        check_training(resolve(chosen))
