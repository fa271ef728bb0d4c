"""Decoding pictures that may be damaged, hostile or simply not what they claim to be."""

from __future__ import annotations

import io
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
MAX_BYTES = 64 * 1024**2
MAX_PIXELS = 64 * 1000**2
"""More than any camera of the data sets; a decompression bomb is refused by its header alone."""

STRIP_PIXELS = 4 * 1000**2
"""So many are converted at once: a picture's conversion takes several times their memory."""


class BadPictureError(Exception):
    """A picture that cannot be used; the message is the reason, without the file's name."""


class UnknownPictureError(BadPictureError):
    """It is in none of the formats."""


class LargePictureError(BadPictureError):
    """It has too many bytes or pixels."""


def open_picture(
    data: bytes, size: tuple[int, int] | None = None, max_pixels: int = MAX_PIXELS
) -> Image.Image:
    """Decode a picture, having looked at its header first.

    Args:
        data: The file's bytes.
        size: Width and height that the picture must have.
        max_pixels: That it may have.

    Returns:
        The decoded picture (of an animation the first frame), in the mode it was stored in.

    Raises:
        BadPictureError: Empty, no picture, cut off, too large, or of another size.
    """
    if not data:
        raise BadPictureError("is empty (0 bytes)")
    if len(data) > MAX_BYTES:
        raise LargePictureError(f"is larger than {MAX_BYTES // 1024**2} MiB")
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise LargePictureError(f"is larger than {max_pixels / 1e6:g} megapixels") from error
    except Exception as error:  # Pillow's plugins raise a dozen kinds on garbage
        raise UnknownPictureError(f"is no picture ({', '.join(FORMATS)})") from error
    if image.width * image.height > max_pixels:
        raise LargePictureError(
            f"is {image.width} x {image.height}, larger than {max_pixels / 1e6:g} megapixels"
        )
    if size is not None and image.size != size:
        raise BadPictureError(
            f"is {image.width} x {image.height} pixels, not {size[0]} x {size[1]}"
        )
    try:
        image.load()
    except Exception as error:
        raise BadPictureError(f"cannot be decoded ({error})") from error
    return image


def is_animated(image: Image.Image) -> bool:
    """Whether a picture has further frames; damage after the first one counts as none."""
    try:
        return bool(getattr(image, "n_frames", 1) > 1)
    except Exception:  # Pillow's plugins raise a dozen kinds on garbage
        return False


def gray_pixels(image: Image.Image) -> NDArray[np.uint8]:
    """The pixels of a picture that must be gray, 8 bits each.

    A gray picture stored as RGB, with a palette or with an opaque alpha channel loses nothing
    when it is converted, so it is; anything else is refused.

    Returns:
        uint8 `[H, W]`.

    Raises:
        BadPictureError: In colour, transparent, or with another depth than 8 bits.
    """
    if image.mode == "L" and "transparency" not in image.info:
        return np.asarray(image)
    if image.mode not in ("L", "LA", "P", "PA", "RGB", "RGBA"):
        raise BadPictureError(f"has mode {image.mode}, not 8-bit gray (L)")
    pixels = np.asarray(image.convert("RGBA"))
    if (pixels[..., 3] != 255).any():
        raise BadPictureError(f"is partly transparent (mode {image.mode}), not 8-bit gray")
    if (pixels[..., :1] != pixels[..., 1:3]).any():
        raise BadPictureError(f"is in colour (mode {image.mode}), not 8-bit gray")
    return np.ascontiguousarray(pixels[..., 0])


def rgb_pixels(image: Image.Image) -> NDArray[np.uint8]:
    """The pixels of a picture in any mode, upright as its EXIF orientation says.

    Gray levels of 16 bits are scaled to 8; what is transparent becomes white.

    Returns:
        uint8 `[H, W, 3]`.

    Raises:
        BadPictureError: Its mode cannot be shown as RGB.
    """
    with suppress(Exception):  # damaged EXIF says nothing of the orientation
        ImageOps.exif_transpose(image, in_place=True)
    width, height = image.size
    pixels = np.empty((height, width, 3), dtype=np.uint8)
    rows = max(1, STRIP_PIXELS // width)
    try:
        for top in range(0, height, rows):
            strip = image.crop((0, top, width, min(top + rows, height)))
            pixels[top : top + rows] = _rgb(strip)
    except Exception as error:  # Pillow says ValueError, OSError or KeyError of a mode
        raise BadPictureError(f"has mode {image.mode}, which cannot be shown ({error})") from error
    return pixels


def _rgb(image: Image.Image) -> NDArray[np.uint8]:
    """`rgb_pixels` of a part of a picture."""
    if image.mode.startswith("I"):
        image = _eight_bits(image)
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        clear = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear)
    if image.mode == "F":
        raise ValueError("its levels have no known range")
    return np.asarray(image.convert("RGB"))


def _eight_bits(image: Image.Image) -> Image.Image:
    """A gray picture of 16 bits, in one of Pillow's modes for it, scaled to 8."""
    levels = np.asarray(image).astype(np.int64)
    if levels.min() < 0 or levels.max() > 65_535:
        raise ValueError("its levels are not 0 to 65,535")
    return Image.fromarray(((levels + 128) // 257).astype(np.uint8))
