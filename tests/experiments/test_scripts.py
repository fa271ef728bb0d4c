"""Every script of the experiments finds what it imports from the package."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
SCRIPTS = sorted(path for path in EXPERIMENTS.rglob("*.py") if path.name != "__init__.py")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(EXPERIMENTS)))
def test_it_can_be_imported(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in (EXPERIMENTS, EXPERIMENTS / "benchmarks", script.parent):
        monkeypatch.syspath_prepend(folder)
    runpy.run_path(str(script), run_name="imported")
