"""`python -m fer.evaluate run=<folder>`: a run's test again, or its model on other faces."""

from __future__ import annotations

from omegaconf import DictConfig

from fer.checks import check_evaluation
from fer.config import command
from fer.runs.folder import RunFolder


def main() -> None:
    """Composes `conf/evaluate.yaml` and evaluates."""
    command("evaluate", run)


def run(config: DictConfig) -> None:
    """Imports torch and all that only once configuration and run folder are accepted."""
    check_evaluation(config)
    RunFolder.open(config.run)
    from fer.assessing.evaluate import evaluate

    evaluate(config)


if __name__ == "__main__":
    main()
