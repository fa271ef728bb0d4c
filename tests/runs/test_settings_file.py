"""A run's settings, read fast, are what OmegaConf reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from fer.errors import RunError
from fer.runs.settings_file import read_settings
from tests.composing import composed

STRANGE: dict[str, Any] = {
    "numbers": [1e-05, 1e22, -0.0, 3, 1.5, float("inf"), True, None],
    "texts": ["1e-5", "1e5", "2024-01-01", "12:30:00", "null", "yes", "on", "~", "0x1f", "1_000"],
    "words": ["a: b", "#", "", " ", "é", "two\nlines", "- x", "'", '"'],
    "by epoch": {0: 40, 6: 48},
    "empty": {"list": [], "group": {}},
}


@pytest.mark.parametrize(
    "settings", [STRANGE, OmegaConf.to_container(composed()), {"a": {"b": {"c": [{"d": 1}]}}}]
)
def test_settings_come_back_as_omegaconf_reads_them(settings: Any, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(OmegaConf.to_yaml(OmegaConf.create(settings)), encoding="utf-8")
    found = read_settings(path)
    assert repr(found) == repr(OmegaConf.to_container(OmegaConf.load(path))) == repr(settings)


@pytest.mark.parametrize("text", ["a: 1e-3", "a: 1E5", "a: -2e+7", "a: 2024-01-01", "a: 1.e3"])
def test_what_people_write_is_read_alike(text: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    assert repr(read_settings(path)) == repr(OmegaConf.to_container(OmegaConf.load(path)))


@pytest.mark.parametrize(
    "text",
    [
        "- 1",
        "3",
        "",
        "a: [",
        "\0",
        "a: ${seed}",
        "a: &x [1]",
        "a: !!python/object/apply:os.system ['touch planted']",
    ],
)
def test_anything_else_is_told(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RunError, match=r"config\.yaml.*restore it"):
        read_settings(path)
    assert list(tmp_path.iterdir()) == [path]
