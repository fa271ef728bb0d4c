"""What a run was made with."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path

import lightning
import timm
import torch

import fer


def versions() -> dict[str, str]:
    """Of Python and of the packages that decide a result."""
    modules = {"torch": torch, "lightning": lightning, "timm": timm, "fer": fer}
    return {"python": platform.python_version()} | {k: m.__version__ for k, m in modules.items()}


def git_commit() -> str | None:
    """The commit of the source, where it is a checkout."""
    here = Path(__file__).resolve().parent
    try:
        told = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return told.stdout.strip() or None
