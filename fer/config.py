"""Settings: where conf/ is, and what is refused before anything heavy is imported."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from fer.errors import ConfigError, FerError, stop
from fer.extending import plugins

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
    "plugins=",
    "logger.",
    "trainer.progress",
    "trainer.accelerator",
    "restart",
)


def command(name: str, run: Callable[[DictConfig], None]) -> None:
    """Composes `conf/<name>.yaml` with the command line and runs it.

    A setting that cannot work ends in one message and exit status 2, any other error that the user
    can mend in one message and status 1. Ctrl-C ends in status 130.
    """
    try:
        _composed(name, run)
    except KeyboardInterrupt:
        stop(FerError("interrupted"), status=130)


def _composed(name: str, run: Callable[[DictConfig], None]) -> None:
    """The command, but for Ctrl-C."""
    from fer.settings.usage import offered_choices, usage

    if name != "train" and {"--help", "-h"} & set(sys.argv[1:]):  # a training has choices, too
        print(usage(CONF, name))
        return
    OmegaConf.register_new_resolver("offered_choices", offered_choices, replace=True)

    import hydra
    from hydra.errors import HydraException

    from fer.settings.search_path import extend_search_path
    from fer.settings.unknown import explain, refused_addition

    for argument in sys.argv[1:]:
        if argument.startswith("+") and "=" in argument:
            stop(ConfigError(refused_addition(argument, CONF, name)), status=2)
        if argument.startswith("model.name="):
            told = "a name follows from what was chosen: choose by model=..., tell apart by tag=..."
            stop(ConfigError(f"{argument}: {told}"), status=2)
    given = sorted(sys.argv[1:], key=lambda a: a not in ("-m", "--multirun"))  # anywhere
    sys.argv[1:] = [literal(argument) for argument in given]
    try:
        plugins.use(plugins.asked_for(sys.argv[1:], CONF / "local" / "default.yaml"))
    except ConfigError as error:
        stop(error, status=2)
    extend_search_path()

    # Threads that wait shall sleep after some microseconds: with OpenMP's own patience, a machine
    # with other work to do slows torch down many times over. Read once, when torch is imported.
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")

    @hydra.main(version_base="1.3", config_path=str(CONF), config_name=name)
    def job(cfg: DictConfig) -> None:
        try:
            plugins.use(cfg.plugins)  # a job of a sweep may have a process of its own
            run(resolve(cfg))
        except ConfigError as error:
            stop(error, status=2)
        except FerError as error:
            stop(error, status=1)
        except OSError as error:
            if error.errno not in _DISK_TROUBLE:
                raise
            stop(FerError(disk_trouble(error)), status=1)

    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises its errors instead of printing them
    try:
        job()
    except HydraException as error:
        stop(ConfigError(explain(error, CONF, name)), status=2)


def literal(argument: str) -> str:
    """`key=value` as it is meant: a name of a file, or a plain text, is no list and no expression.

    Without quotes Hydra's grammar reads `me (1).jpg`, `a,b.csv` and `x=y.zip` as something else,
    and letters beyond ASCII not at all.
    """
    key, _, value = argument.partition("=")
    if re.fullmatch(r"[\w./\\:-]*", value, re.ASCII):
        return argument
    from fer.settings.unknown import is_there

    nested = value.startswith(("[", "{", "'", '"'))
    meant = is_there(value) or not (nested or _readable(argument))
    return f"{key}='{value.replace(chr(39), chr(92) + chr(39))}'" if meant else argument


def _readable(argument: str) -> bool:
    """Whether Hydra's grammar can read it."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        OverridesParser.create().parse_override(argument)
    except HydraException:
        return False
    return True


def disk_trouble(error: OSError) -> str:
    """A disk that is full or refuses, in words: the user can mend it, no traceback helps."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        file = f" for {error.filename}" if error.filename else ""
        return f"no space left on the disk{file}: make room and run the same command again to go on"
    named = error.filename or "a file"
    return f"{named} cannot be used: {error.strerror}; paths.outputs and paths.cache name others"


def resolve(cfg: DictConfig) -> DictConfig:
    """A read-only copy without interpolations, Hydra's own node and the plugins.

    What a plugin brings is named by settings of its own; those of a run folder import nothing.

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
    settings.pop("plugins", None)
    OmegaConf.set_readonly(settings, True)
    return settings


def plain(cfg: DictConfig) -> dict[str, Any]:
    """The same as nested dictionaries and lists."""
    container = OmegaConf.to_container(cfg, resolve=True)
    assert isinstance(container, dict)
    return {str(key): value for key, value in container.items()}


def names_sweep(override: str) -> bool:
    """Whether an override makes another sweep of it."""
    return not override.lstrip("+~").startswith(_NOT_THE_SWEEP)


def name_sweep(arguments: Sequence[str]) -> None:
    """Names the sweep's folder after its overrides, so that the same command finds it again."""
    overrides = sorted(a for a in arguments if "=" in a and names_sweep(a))
    digest = hashlib.sha256("\n".join(overrides).encode()).hexdigest()[:8]
    os.environ["FER_SWEEP"] = f"sweep-{digest}"


def name_launch() -> None:
    """Draws an id of this start by a user, for all of its jobs, also those started once more.

    Within a user's own script on Slurm it ends in the script's job, which Slurm may requeue.
    """
    os.environ["FER_LAUNCH"] = f"{secrets.token_hex(8)} {os.getenv('SLURM_JOB_ID', '')}".strip()
