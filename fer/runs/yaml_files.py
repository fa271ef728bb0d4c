"""YAML files of run folders as plain values: many times faster than through OmegaConf's nodes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from fer.errors import RunError

_TIME = "tag:yaml.org,2002:timestamp"


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Makes plain values only, and of a scalar what OmegaConf makes of it."""

    yaml_implicit_resolvers = {  # noqa: RUF012  PyYAML's own
        first: [(tag, pattern) for tag, pattern in pairs if tag != _TIME]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


# 1e-3 is a number to OmegaConf, with or without a point
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)


def read_settings(path: Path) -> dict[str, Any]:
    """The settings in a file of a run folder.

    Raises:
        RunError: The file cannot be read, or holds something else.
    """
    try:
        settings = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except Exception as error:  # yaml raises many kinds
        raise RunError(f"{path} cannot be read ({type(error).__name__}): restore it") from None
    if not isinstance(settings, dict):
        raise RunError(f"{path} holds no settings: restore it")
    return {str(key): value for key, value in settings.items()}
