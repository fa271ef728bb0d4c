"""`python -m fer.compare <run folders, sweep folders, patterns>`: finished runs side by side."""

from __future__ import annotations

import glob
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig

from fer.checks.compare import check_comparison
from fer.config import command

# Hydra's own options that the next word belongs to.
_TAKE_A_WORD = (
    *("--cfg", "-c", "--package", "-p", "--config-path", "-cp"),
    *("--config-name", "-cn", "--config-dir", "-cd", "--experimental-rerun"),
)


def main() -> None:
    """Composes `conf/compare.yaml` and compares."""
    sys.argv[1:] = settings_of(sys.argv[1:])
    command("compare", run)


def settings_of(words: Sequence[str]) -> list[str]:
    """The words with folders and patterns gathered as `runs=[...]`, which Hydra understands.

    A word with `=` is a setting unless it names something on disk.

    Examples:
        >>> settings_of(["outputs/a b", "baseline=resnet18", "outputs/x,1/*"])
        ['baseline=resnet18', "runs=['outputs/a b','outputs/x,1/*']"]
    """
    settings: list[str] = []
    runs: list[str] = []
    for before, word in zip(["", *words], words, strict=False):
        is_setting = re.match(r"\+*[A-Za-z_][\w.]*=", word) and not _on_disk(word)
        if word.startswith("-") or before in _TAKE_A_WORD or is_setting:
            settings.append(word)
        else:
            runs.append(word)
    return [*settings, f"runs=[{','.join(map(_quoted, runs))}]"] if runs else settings


def _on_disk(word: str) -> bool:
    return Path(word).exists() or any(glob.iglob(word))  # noqa: PTH207  absolute ones, too


def _quoted(word: str) -> str:
    """A word as Hydra's grammar quotes it, safe from interpolation too."""
    escaped = re.sub(r"(\\+)(?='|$)", r"\1\1", word).replace("'", "\\'")
    return "'" + escaped.replace("${", "\\${") + "'"


def run(config: DictConfig) -> None:
    """Imports scipy and all that only once the configuration is accepted."""
    check_comparison(config)
    from fer.comparing.compare import compare

    compare(config)


if __name__ == "__main__":
    main()
