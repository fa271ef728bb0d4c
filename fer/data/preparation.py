"""How the pictures of a data set become faces of one size, by its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fer.data.readers.picture_reader import Preparer, WholePicture


def preparer(data: Mapping[str, Any]) -> Preparer:
    """What `conf/data`'s settings ask for.

    Args:
        data: The settings of a data set of pictures.
    """
    return WholePicture(data["stored_size"], colour=data["channels"] == 3)
