"""What comes with the extra 'classical'."""

from __future__ import annotations

from typing import Any

from fer.errors import ConfigError


def skimage_feature() -> Any:
    """`skimage.feature`.

    Raises:
        ConfigError: scikit-image is not installed.
    """
    try:
        from skimage import feature
    except ImportError:
        raise ConfigError(
            "this descriptor needs scikit-image: pip install 'fer-experiments[classical]' "
            "(in a checkout: pip install -e '.[classical]')"
        ) from None
    return feature
