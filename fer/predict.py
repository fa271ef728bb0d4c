"""`python -m fer.predict source=...`: faces and their expressions in pictures and videos."""

from __future__ import annotations

from omegaconf import DictConfig

from fer.checks.predict import check_prediction
from fer.config import command


def main() -> None:
    """Composes `conf/predict.yaml` and looks."""
    command("predict", run)


def run(config: DictConfig) -> None:
    """Imports OpenCV and the network only once the configuration is accepted."""
    check_prediction(config)
    from fer.recognition.predicting import predict

    predict(config)


if __name__ == "__main__":
    main()
