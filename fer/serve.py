"""`python -m fer.serve`: a web page with the camera, and an HTTP API, on this machine."""

from __future__ import annotations

from omegaconf import DictConfig

from fer.checks.serve import check_serving
from fer.config import command


def main() -> None:
    """Composes `conf/serve.yaml` and serves until it is ended."""
    command("serve", run)


def run(config: DictConfig) -> None:
    """Imports FastAPI and the network only once the configuration is accepted."""
    check_serving(config)
    from fer.serving.server import serve

    serve(config)


if __name__ == "__main__":
    main()
