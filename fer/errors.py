"""Errors that a person can mend: each message says what is wrong, where, and what to do."""

from __future__ import annotations

import sys


class FerError(Exception):
    """Anything the user can mend. Commands print the message alone, without a traceback."""


class ConfigError(FerError):
    """A setting has a value that cannot work."""


class DataError(FerError):
    """A data set is missing, damaged or not what it claims to be."""


class RunError(FerError):
    """A run folder or a checkpoint cannot be used."""


def stop(error: FerError, status: int) -> None:
    """Prints the message alone and ends the process."""
    print(f"error: {error}", file=sys.stderr)
    sys.exit(status)
