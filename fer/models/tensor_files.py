"""Files of tensors that torch wrote, opened without running code and without unpacking anything."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import torch


def load_tensors(path: Path) -> Any:
    """What `torch.save` wrote, as tensors and plain values, on the CPU.

    Raises:
        ValueError: Its archive is packed, which torch never does: it could unpack to gigabytes.
        Exception: Whatever torch raises for a damaged file, or one that holds code.
    """
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if any(info.compress_type != zipfile.ZIP_STORED for info in archive.infolist()):
                raise ValueError("packed")
    return torch.load(path, map_location="cpu", weights_only=True)
