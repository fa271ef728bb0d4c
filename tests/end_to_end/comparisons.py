"""`fer.compare` in a folder, and what it left there."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from tests.end_to_end.commands import Told, here


def compare(folder: Path, *words: str) -> Told:
    return here("compare", *words, "output=told", folder=folder)


def story(folder: Path) -> dict[str, Any]:
    found = json.loads((folder / "told" / "comparison.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def text(folder: Path, name: str = "index.html") -> str:
    return (folder / "told" / name).read_text(encoding="utf-8")


def rows(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "told" / "comparison.csv").open(newline="", encoding="utf-8") as file:
        return {row["row"]: row for row in csv.DictReader(file)}
