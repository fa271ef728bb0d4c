"""`--help` says what each setting is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.commands import here

COMMANDS = {
    "audit": ["run: null  # finished run", "data: null  # such as", "synthetic"],
    "compare": ["<run folders, sweep folders, patterns>", "baseline: null  # run to test"],
    "evaluate": ["run: ???  # the run folder", "affectnet, ckplus"],
    "export": ["quantize: null  # int8", "haar: 0.05"],
    "predict": ["source: ???  # what to look at"],
    "realtime": ["keys: space pauses", "camera: 0  # its number"],
    "serve": ["port: 8000  # 1 to 65535"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_the_comments_and_nothing_of_hydra(command: str, tmp_path: Path) -> None:
    told = here(command, "--help", folder=tmp_path)
    assert told.status == 0
    assert [words for words in COMMANDS[command] if words not in told.out] == []
    assert "outputs: outputs  # run folders" in told.out
    assert (
        "defaults" not in told.out
        and "override" not in told.out
        and "base_pictures" not in told.out
    )


def test_help_of_a_training_has_all_choices(tmp_path: Path) -> None:
    told = here("train", "--help", folder=tmp_path)
    assert told.status == 0 and "resnet34" in told.out and "scheduler: " in told.out
    choices, _, _ = told.out.partition("Settings, as key=value")
    assert "folder" in choices and "base" not in choices
