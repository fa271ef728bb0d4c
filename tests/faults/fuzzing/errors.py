"""How a target says that an input was refused where the reader itself goes on."""

from __future__ import annotations

from fer.errors import FerError


class RefusedError(FerError):
    """The reader told what is wrong with the input and went on without it."""
