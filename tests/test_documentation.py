"""The documentation's pages are built from READMEs and docstrings without a warning."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = ROOT / ".docs" / "mkdocs.yml"
MISSING = [name for name in ("mkdocs", "material", "mkdocstrings") if find_spec(name) is None]


@pytest.mark.slow
@pytest.mark.skipif(bool(MISSING), reason=f"needs pip install -e '.[docs]': no {MISSING}")
@pytest.mark.skipif(not SETTINGS.is_file(), reason="a source distribution has no .docs/")
def test_the_pages_are_built_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", SETTINGS, "-d", tmp_path]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr and "ERROR" not in done.stderr
    assert "Extending it" in (tmp_path / "index.html").read_text("utf-8")
    assert (tmp_path / "experiments" / "quickstart" / "sweep_page.png").is_file()
    for package in (ROOT / "fer").rglob("__init__.py"):
        name = ".".join(package.parent.relative_to(ROOT).parts)
        page = (tmp_path / "reference" / f"{name}.html").read_text("utf-8")
        modules = [path.stem for path in package.parent.glob("[!_]*.py")]
        assert all(f'id="{name}.{module}"' in page for module in modules)
