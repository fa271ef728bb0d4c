"""A run folder's `config.yaml`, which anybody may have written: values, and nothing that acts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from fer.errors import RunError

MAX_BYTES = 1024**2
MAX_DEPTH = 50
_TIME = "tag:yaml.org,2002:timestamp"


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Makes plain values only, of a scalar what OmegaConf makes of it, many times faster."""

    yaml_implicit_resolvers = {  # noqa: RUF012  PyYAML's own
        first: [(tag, pattern) for tag, pattern in pairs if tag != _TIME]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


# 1e-3 is a number to OmegaConf, with or without a point
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)


def read_settings(path: Path) -> dict[str, Any]:
    """The settings that a training wrote: resolved, without tags, anchors and references.

    References to other values and to the environment are refused, never followed; so are aliases,
    of which a few lines can stand for gigabytes.

    Raises:
        RunError: The file is missing, damaged, or holds more than values.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError("too large")
        text = path.read_text(encoding="utf-8")
        acting = next(_acting(text), None)
        loaded = yaml.load(text, _Loader) if acting is None else None
    except Exception as error:  # yaml raises many kinds
        raise RunError(f"{path} cannot be read ({type(error).__name__}): restore it") from None
    if acting is not None:
        raise RunError(
            f"{path} holds {acting}, which no training writes: nothing of it was followed or run; "
            "restore it"
        )
    if not isinstance(loaded, dict):
        raise RunError(f"{path} holds no settings: restore it")
    return {str(key): value for key, value in loaded.items()}


def _acting(text: str) -> Iterator[str]:
    """What in a text of YAML is more than a value, in words.

    Raises:
        ValueError: Values lie deeper in each other than any settings do, or are no text.
        yaml.YAMLError: It is no YAML.
    """
    depth = 0
    events: Any = yaml.parse(text, Loader=_Loader)
    for event in events:
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise ValueError("too deep")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            yield f"the alias {event.anchor}"
        elif getattr(event, "tag", None):
            yield f"the tag {event.tag}"
        elif isinstance(event, yaml.ScalarEvent):
            event.value.encode()
            if "${" in event.value:
                yield f"the reference {event.value:.60}"
