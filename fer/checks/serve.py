"""What settings of `fer.serve` may be."""

from __future__ import annotations

import importlib.util
import ipaddress
import re

from omegaconf import DictConfig

from fer.checks.checker import Checker
from fer.checks.predict import check_detection
from fer.errors import ConfigError

PACKAGES = ("fastapi", "python_multipart", "uvicorn")
HOW_TO_GET_THEM = (
    "pip install 'fastapi>=0.115' 'uvicorn>=0.30' 'python-multipart>=0.0.13', or fer with its "
    "extra [serve]"
)
LEAST = 16
"""Characters of a token."""


def check_serving(cfg: DictConfig) -> None:
    """Refuses settings of `fer.serve` that cannot work, or that open the server to others.

    Raises:
        ConfigError: Names the key, its value and what is allowed, or the package that is missing.
    """
    check = Checker(cfg)
    check.text("run", null=True)
    check.text("runs", null=True)
    check.text("host")
    check.number("port", low=0, high=65_535, whole=True)
    _check_token(check)
    check.number("max_upload", above=0, high=1024)
    check.number("max_pictures", low=1, high=1000, whole=True)
    check.number("max_megapixels", above=0, high=64)
    check.number("workers", low=1, high=64, whole=True)
    check.number("waiting", low=1, high=10_000, whole=True)
    check.number("patience", above=0, high=3600)
    check.number("threads", low=1, high=1024, whole=True, null=True)
    check_detection(check)
    lacking = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if lacking:
        raise ConfigError(f"fer.serve needs {', '.join(lacking)}: {HOW_TO_GET_THEM}")


def is_local(host: str) -> bool:
    """Whether only this machine reaches that address.

    Examples:
        >>> is_local("127.0.0.1"), is_local("::1"), is_local("0.0.0.0")
        (True, True, False)
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_token(check: Checker) -> None:
    token = check.value("token")
    if token is None:
        if not is_local(check.value("host")):
            check.fail("host", "others reach this address, so give them a token=...")
        return
    if not (isinstance(token, str) and re.fullmatch(rf"[!-~]{{{LEAST},}}", token)):
        # a secret is not printed
        raise ConfigError(f"token cannot be: it has {LEAST} or more ASCII characters, no blanks")
