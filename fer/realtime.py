"""`python -m fer.realtime camera=0`: faces and their expressions, live in a window."""

from __future__ import annotations

from omegaconf import DictConfig

from fer.checks.realtime import check_realtime
from fer.config import command


def main() -> None:
    """Composes `conf/realtime.yaml` and looks."""
    command("realtime", run)


def run(config: DictConfig) -> None:
    """Imports OpenCV and the network only once the configuration is accepted."""
    check_realtime(config)
    from fer.detection import opencv

    opencv()  # says how to get it
    from fer.recognition.live import live

    live(config)


if __name__ == "__main__":
    main()
