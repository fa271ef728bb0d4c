"""`fer.serve`: loads the first model, binds the address, and answers until it is ended."""

from __future__ import annotations

import contextlib
import errno
import socket
from urllib.parse import quote

import uvicorn
from omegaconf import DictConfig

from fer.errors import ConfigError
from fer.serving.app import make_app
from fer.serving.models import Models
from fer.serving.patience import patient_protocol

GRACE = 3
"""Seconds that running requests have to end."""


def serve(config: DictConfig) -> None:
    """Serves until Ctrl-C or SIGTERM.

    Args:
        config: A resolved configuration of `conf/serve.yaml`.

    Raises:
        ConfigError: The address cannot be had, or the detector or a package is missing.
        RunError: There is no model, or it cannot be used.
    """
    listening = _listen(config.host, config.port)
    with listening:
        app = make_app(config, Models(config))
        settings = uvicorn.Config(
            app,
            http=patient_protocol(config.patience),
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws="none",
            limit_concurrency=config.waiting,
            timeout_graceful_shutdown=GRACE,
        )
        host, port = listening.getsockname()[:2]
        print(page_address(host, port, config.token))
        print("The page and the API are there; Ctrl-C ends them.", flush=True)
        with contextlib.suppress(KeyboardInterrupt):  # uvicorn has ended properly by then
            uvicorn.Server(settings).run(sockets=[listening])


def page_address(host: str, port: int, token: str | None) -> str:
    """Where the page is; it takes the token out of its address.

    Examples:
        >>> page_address("::1", 8000, "a/%41-token")
        'http://[::1]:8000/#a%2F%2541-token'
    """
    name = f"[{host}]" if ":" in host else host
    mark = f"#{quote(token, safe='')}" if token else ""
    return f"http://{name}:{port}/{mark}"


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        ConfigError: The port is taken or reserved, or the host is not this machine's.
    """
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.create_server(address[:2], family=family, backlog=256)
    except socket.gaierror as error:
        raise ConfigError(f"host={host} is no address of this machine ({error})") from None
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            raise ConfigError(f"host={host} is no address of this machine") from None
        raise ConfigError(
            f"port={port} cannot be had ({error.strerror}): choose another, or 0 for any"
        ) from None
    return listening
