"""`python -m fer.export run=<folder>`: a run's model as one file, checked against the run."""

from __future__ import annotations

from omegaconf import DictConfig

from fer.checks.export import check_export
from fer.config import command
from fer.runs.folder import RunFolder


def main() -> None:
    """Composes `conf/export.yaml` and exports."""
    command("export", run)


def run(config: DictConfig) -> None:
    """Imports torch and all that only once configuration and run folder are accepted."""
    check_export(config)
    RunFolder.open(config.run)
    from fer.exporting.export import export

    export(config)


if __name__ == "__main__":
    main()
