"""What a run was made with."""

from __future__ import annotations

import hashlib
import platform
import subprocess
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import lightning
import timm
import torch

import fer
from fer.extending import plugins


def versions() -> dict[str, str]:
    """Of Python and of the packages that decide a result, a user's own among them."""
    modules = {"torch": torch, "lightning": lightning, "timm": timm, "fer": fer}
    return {
        **{name: _version_of_plugin(name) for name in plugins.named()},
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in ("numpy", "scikit-learn", "kornia")},
        **{name: module.__version__ for name, module in modules.items()},
    }


def _version_of_plugin(name: str) -> str:
    """As installed under that name; of one that only lies in a folder, a digest of its files."""
    with suppress(metadata.PackageNotFoundError):
        return metadata.version(name)
    digest = hashlib.sha256()
    for file in plugins.source_files(name):
        digest.update(f"{file.name}\0".encode() + file.read_bytes() + b"\0")
    return f"sha256:{digest.hexdigest()[:12]}"


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
