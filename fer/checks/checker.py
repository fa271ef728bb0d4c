"""Checks of single settings, whose messages name the key, its value and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from fer.errors import ConfigError


class Checker:
    """Looks at single settings; the first that cannot work ends in a `ConfigError`."""

    def __init__(self, cfg: DictConfig) -> None:
        self.cfg = cfg

    def value(self, key: str) -> Any:
        """The value under a dotted key; None where the chosen group does not have it."""
        try:
            return OmegaConf.select(self.cfg, key)
        except OmegaConfBaseException:
            group = key.rpartition(".")[0]
            raise ConfigError(f"{group} cannot be: it holds settings, such as {key}") from None

    def fail(self, key: str, allowed: str) -> None:
        """Refuses the value under `key`."""
        raise ConfigError(f"{key}={_typed(self.value(key))} cannot be: {allowed}")

    def choice(self, key: str, allowed: Sequence[Any]) -> None:
        """One of a few."""
        value = self.value(key)
        if not any(value == a and isinstance(value, bool) == isinstance(a, bool) for a in allowed):
            self.fail(key, "choose " + ", ".join(_typed(a) for a in allowed))

    def number(
        self,
        key: str,
        low: float | None = None,
        high: float | None = None,
        whole: bool = False,
        null: bool = False,
        above: float | None = None,
        instead: str | None = None,
    ) -> None:
        """A number within low to high (both allowed), or more than `above`; or a word instead."""
        value = self.value(key)
        if (null and value is None) or (instead and value == instead):
            return
        words = ["a whole number" if whole else "a number"]
        words += [f"from {_told(low)}"] if low is not None else []
        words += [f"above {_told(above)}"] if above is not None else []
        words += [f"to {_told(high)}"] if high is not None else []
        fits = (
            isinstance(value, int if whole else (int, float))
            and not isinstance(value, bool)
            and (low is None or value >= low)
            and (above is None or value > above)
            and (high is None or value <= high)
        )
        if not fits:
            self.fail(
                key,
                "it is "
                + " ".join(words)
                + (", or null" if null else "")
                + (f", or {instead}" if instead else ""),
            )

    def by_epoch(self, key: str, low: int, high: int | None = None, rises: bool = True) -> None:
        """A dictionary from epochs, the first 0, to whole numbers that only rise, or only fall."""
        value = self.value(key)
        if value is None:
            return
        numbers = list(value.values()) if OmegaConf.is_dict(value) else []
        keys = list(value) if OmegaConf.is_dict(value) else []
        whole = all(isinstance(n, int) and not isinstance(n, bool) for n in [*keys, *numbers])
        fits = (
            whole
            and keys[:1] == [0]
            and keys == sorted(keys)
            and numbers == sorted(numbers, reverse=not rises)
            and all(n >= low and (high is None or n <= high) for n in numbers)
        )
        if not fits:
            some = f"{low} to {high}" if high is not None else f"{low}"
            self.fail(
                key,
                f"it maps epochs, the first 0, to whole numbers from {some} that only "
                f"{'rise' if rises else 'fall'}, such as "
                f"{'{0:40,6:48}' if rises else '{0:5,2:3,4:0}'}, or is null",
            )

    def flag(self, key: str) -> None:
        """True or false."""
        if not isinstance(self.value(key), bool):
            self.fail(key, "it is true or false")

    def text(self, key: str, null: bool = False) -> None:
        """A word or path."""
        value = self.value(key)
        if not (isinstance(value, str) and value) and not (null and value is None):
            self.fail(key, "it is a text" + (", or null" if null else ""))

    def word(self, key: str, null: bool = False) -> None:
        """A text that can be part of a folder's name."""
        self.text(key, null)
        value = self.value(key)
        if value is not None and (not re.fullmatch(r"[\w.-]+", value) or not value.strip(".")):
            self.fail(key, "it names a folder: letters, digits, '-', '_' and '.'")

    def pair(self, key: str, low: float, high: float) -> None:
        """Two numbers, from and to, within low to high."""
        value = self.value(key)
        fits = (
            OmegaConf.is_list(value)
            and len(value) == 2
            and all(isinstance(v, (int, float)) and low <= v <= high for v in value)
            and value[0] <= value[1]
        )
        if not fits:
            self.fail(key, f"it is [from, to] within {low:g} to {high:g}")


def _typed(value: Any) -> str:
    """A value as it is typed on the command line."""
    words = {None: "null", True: "true", False: "false"}
    return words.get(value, str(value)) if value is None or isinstance(value, bool) else str(value)


def _told(limit: float) -> str:
    """A limit without an exponent that hides digits.

    Examples:
        >>> _told(2**31), _told(65535), _told(0.5), _told(1e-6)
        ('2,147,483,648', '65535', '0.5', '1e-06')
    """
    if isinstance(limit, int):
        return f"{limit:,}" if limit >= 1_000_000 else str(limit)
    return f"{limit:g}"
