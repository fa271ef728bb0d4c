"""The wheel away from the checkout, and what commands import before they have to."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from fer.config import CONF

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("fer", "conf", "pyproject.toml", "README.md", "LICENSE")
COMMANDS = [
    file.stem
    for file in sorted(CONF.glob("*.yaml"))
    if (ROOT / "fer" / f"{file.stem}.py").is_file()
]
HEAVY = {
    "kornia",
    "lightning",
    "matplotlib",
    "scipy",
    "skimage",
    "sklearn",
    "timm",
    "torch",
    "wandb",
}
PROBE = """
import runpy, sys
try:
    runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
finally:
    print("imported:", *{name.partition(".")[0] for name in sys.modules})
"""
WHERE = "import fer, fer.config; print(fer.__file__, fer.config.CONF, sep='\\n')"


def run(
    *arguments: object, cwd: Path, path: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Python with these arguments in a folder; `path` comes before everything installed."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if path is not None:
        environment["PYTHONPATH"] = str(path)
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)


def imported(command: str, arguments: Sequence[str], cwd: Path) -> tuple[int, set[str], str]:
    """Exit status, top-level packages that were imported, and what was said of errors."""
    done = run("-c", PROBE, f"fer.{command}", *arguments, cwd=cwd)
    line = done.stdout.splitlines()[-1]
    assert line.startswith("imported:")
    return done.returncode, set(line.split()[1:]), done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_help_imports_nothing_heavy(command: str, tmp_path: Path) -> None:
    status, packages, _ = imported(command, ["--help"], tmp_path)
    assert status == 0
    assert ("hydra" in packages) == (command == "train")
    assert packages & HEAVY == set()


@pytest.mark.parametrize(
    ("arguments", "status"), [([], 0), (["--help"], 0), (["trian"], 2), (["train", "seed=1"], 2)]
)
def test_the_package_says_which_commands_there_are(
    arguments: list[str], status: int, tmp_path: Path
) -> None:
    done = run("-X", "importtime", "-m", "fer", *arguments, cwd=tmp_path, path=ROOT)
    assert done.returncode == status and "Traceback" not in done.stderr
    assert "hydra" not in done.stderr  # neither told nor imported
    if arguments == ["train", "seed=1"]:
        assert "python -m fer.train" in done.stderr
    else:
        told = {line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")}
        assert told == {f"fer.{name}" for name in COMMANDS}
        assert ("there is no command trian" in done.stderr) == (status == 2)


def test_a_refused_setting_imports_nothing_heavy(tmp_path: Path) -> None:
    status, packages, error = imported("train", ["trainer.monitor=test/accuracy"], tmp_path)
    assert status == 2
    assert "trainer.monitor=test/accuracy" in error
    assert packages & HEAVY == set()
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of a checkout whose user keeps defaults of their own in conf/local."""
    checkout, out = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("dist")
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, checkout / name)
    (checkout / "conf" / "local" / "default.yaml").write_text("name: mine\n", encoding="utf-8")
    done = run("-m", "build", "--wheel", "--no-isolation", "--outdir", out, cwd=checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = out.glob("*.whl")
    return built


@pytest.mark.slow
def test_the_wheel_holds_every_setting_but_nobodys_own(wheel: Path) -> None:
    settings = {file.relative_to(ROOT).as_posix() for file in (ROOT / "conf").rglob("*.yaml")}
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.endswith(".yaml")}
    assert len(settings) > 20
    assert packed == {f"fer/{name}" for name in settings if not name.startswith("conf/local/")}


@pytest.mark.slow
def test_the_wheel_trains_in_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    site, empty = tmp_path / "site", tmp_path / "empty"
    empty.mkdir()
    options = ("--no-deps", "--no-index", "--target", site)
    done = run("-m", "pip", "install", *options, wheel, cwd=empty)
    assert done.returncode == 0, done.stderr

    done = run("-c", WHERE, cwd=empty, path=site)
    assert done.stdout.split() == [str(site / "fer" / "__init__.py"), str(site / "fer" / "conf")]

    small = "data.train=70 data.validation=14 data.test=14 trainer.max_epochs=1"
    arguments = [*small.split(), "logger.mode=disabled"]
    done = run("-m", "fer.train", *arguments, cwd=empty, path=site)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [folder.name for folder in empty.iterdir()] == ["outputs"]
    (metrics,) = (empty / "outputs" / "default").glob("*/test/metrics.json")
    assert (metrics.parents[1] / "config.yaml").is_file()
