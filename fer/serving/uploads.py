"""Uploaded pictures: their bytes, or the HTTP answer that says what is wrong with them."""

from __future__ import annotations

import numpy as np
from fastapi import HTTPException, UploadFile
from numpy.typing import NDArray

from fer.data.readers.pictures import (
    BadPictureError,
    LargePictureError,
    UnknownPictureError,
    open_picture,
    rgb_pixels,
)

NAME = 100
"""Characters of a picture's name that are told again."""


def name_of(upload: UploadFile) -> str:
    """What the client calls the picture; it is told again and means nothing else."""
    return (upload.filename or "picture")[:NAME]


def decode(data: bytes, name: str, max_pixels: int) -> NDArray[np.uint8]:
    """uint8 `[H, W, 3]`, RGB, upright; of an animation the first frame.

    Args:
        data: The picture's bytes.
        name: For the message.
        max_pixels: That it may have.

    Raises:
        HTTPException: 415 of no picture, 413 of one that is too large, 422 of a damaged one.
    """
    try:
        return rgb_pixels(open_picture(data, max_pixels=max_pixels))
    except BadPictureError as error:
        status = 422
        if isinstance(error, UnknownPictureError):
            status = 415
        elif isinstance(error, LargePictureError):
            status = 413
        raise HTTPException(status, f"{name} {error}") from None
