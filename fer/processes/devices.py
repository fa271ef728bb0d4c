"""Whether this machine has the device that is asked for."""

from __future__ import annotations

import torch

from fer.errors import ConfigError


def has_gpu(accelerator: str) -> bool:
    """Whether a training with this accelerator, such as `auto`, runs on a GPU here."""
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    found = {"auto": cuda or mps, "gpu": cuda or mps, "cuda": cuda, "mps": mps}
    return found.get(accelerator, False)


def check_accelerator(key: str, accelerator: str) -> None:
    """Refuses a GPU that is not there.

    Args:
        key: Of the setting, for the message.
        accelerator: Its value.

    Raises:
        ConfigError: Torch finds none.
    """
    if accelerator not in ("auto", "cpu") and not has_gpu(accelerator):
        raise ConfigError(f"{key}={accelerator}: torch finds none on this machine; use auto or cpu")
