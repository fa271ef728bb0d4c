"""A group folder: what several runs of one configuration say together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer.runs.folder import RunFolder


@dataclass(frozen=True)
class RunGroup:
    """A finished group.

    Attributes:
        path: The group's folder, beside those of its runs.
        runs: Its run folders.
        results: What its `metrics.json` holds.
    """

    path: Path
    runs: tuple[RunFolder, ...]
    results: Mapping[str, Any]
