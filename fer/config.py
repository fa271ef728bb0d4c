"""Settings: where conf/ is, and what is refused before anything heavy is imported."""

from __future__ import annotations

import errno
import hashlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from fer.errors import ConfigError, FerError

_HERE = Path(__file__).resolve().parent
CONF = _HERE / "conf" if (_HERE / "conf").is_dir() else _HERE.parent / "conf"
"""Inside an installed wheel conf/ lies in the package; in a checkout beside it."""

_DISK_TROUBLE = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.ENOTDIR,
)

# Overrides that change where or how a sweep runs, not what it finds.
_NOT_THE_SWEEP = (
    "hydra",
    "paths.",
    "logger.",
    "trainer.progress",
    "trainer.accelerator",
    "restart",
)


def command(name: str, run: Callable[[DictConfig], None]) -> None:
    """Composes `conf/<name>.yaml` with the command line and runs it.

    A setting that cannot work ends in one message and exit status 2, any other error that the user
    can mend in one message and status 1.
    """
    import hydra

    # Threads that wait must sleep, or a busy machine slows torch down many times over; OpenMP reads
    # this once, when torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

    @hydra.main(version_base="1.3", config_path=str(CONF), config_name=name)
    def job(cfg: DictConfig) -> None:
        try:
            run(resolve(cfg))
        except ConfigError as error:
            stop(error, status=2)
        except FerError as error:
            stop(error, status=1)
        except OSError as error:
            if error.errno not in _DISK_TROUBLE:
                raise
            stop(FerError(disk_trouble(error)), status=1)

    job()


def disk_trouble(error: OSError) -> str:
    """A disk that is full or refuses, in words: the user can mend it, no traceback helps."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "no space left on the disk: make room and run the same command again to go on"
    return f"{error.filename or 'a file'} cannot be used: {error.strerror}"


def stop(error: FerError, status: int) -> None:
    """Prints the message alone and ends the process."""
    print(f"error: {error}", file=sys.stderr)
    sys.exit(status)


def resolve(cfg: DictConfig) -> DictConfig:
    """A read-only copy without interpolations and without Hydra's own node.

    Raises:
        ConfigError: A value is missing (`???`) or refers to one that is not there.
    """
    try:
        plain = OmegaConf.to_container(cfg, resolve=True, throw_on_missing=True)
    except MissingMandatoryValue as error:
        raise ConfigError(f"{error.full_key} is missing: give it as {error.full_key}=...") from None
    except OmegaConfBaseException as error:
        raise ConfigError(f"{error.full_key or 'configuration'}: {error.msg or error}") from None
    settings = OmegaConf.create(plain)
    assert isinstance(settings, DictConfig)
    OmegaConf.set_readonly(settings, True)
    return settings


def plain(cfg: DictConfig) -> dict[str, Any]:
    """The same as nested dictionaries and lists."""
    container = OmegaConf.to_container(cfg, resolve=True)
    assert isinstance(container, dict)
    return {str(key): value for key, value in container.items()}


def name_sweep(arguments: Sequence[str]) -> None:
    """Names the sweep's folder after its overrides, so that the same command finds it again."""
    overrides = sorted(
        a for a in arguments if "=" in a and not a.lstrip("+~").startswith(_NOT_THE_SWEEP)
    )
    digest = hashlib.sha256("\n".join(overrides).encode()).hexdigest()[:8]
    os.environ["FER_SWEEP"] = f"sweep-{digest}"


class Checker:
    """Collects nothing, says the first thing that is wrong: key, value, what is allowed."""

    def __init__(self, cfg: DictConfig) -> None:
        self.cfg = cfg

    def value(self, key: str) -> Any:
        """The value under a dotted key; None where the chosen group does not have it."""
        return OmegaConf.select(self.cfg, key)

    def fail(self, key: str, allowed: str) -> None:
        """Refuses the value under `key`."""
        raise ConfigError(f"{key}={self.value(key)} cannot be: {allowed}")

    def choice(self, key: str, allowed: Sequence[Any]) -> None:
        """One of a few."""
        if self.value(key) not in allowed:
            self.fail(key, "choose " + ", ".join("null" if a is None else str(a) for a in allowed))

    def number(
        self,
        key: str,
        low: float | None = None,
        high: float | None = None,
        whole: bool = False,
        null: bool = False,
        above: float | None = None,
    ) -> None:
        """A number within low to high (both allowed), or more than `above`."""
        value = self.value(key)
        if value is None and null:
            return
        words = ["a whole number" if whole else "a number"]
        words += [f"from {low:g}"] if low is not None else []
        words += [f"above {above:g}"] if above is not None else []
        words += [f"to {high:g}"] if high is not None else []
        fits = (
            isinstance(value, int if whole else (int, float))
            and not isinstance(value, bool)
            and (low is None or value >= low)
            and (above is None or value > above)
            and (high is None or value <= high)
        )
        if not fits:
            self.fail(key, "it is " + " ".join(words) + (", or null" if null else ""))

    def flag(self, key: str) -> None:
        """True or false."""
        if not isinstance(self.value(key), bool):
            self.fail(key, "it is true or false")

    def text(self, key: str, null: bool = False) -> None:
        """A word or path."""
        value = self.value(key)
        if not (isinstance(value, str) and value) and not (null and value is None):
            self.fail(key, "it is a text" + (", or null" if null else ""))

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
