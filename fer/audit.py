"""`python -m fer.audit data=...`: what is in a data set, and what is wrong with it."""

from __future__ import annotations

from omegaconf import DictConfig

from fer.checks.audit import check_audit
from fer.config import command


def main() -> None:
    """Composes `conf/audit.yaml` and audits."""
    command("audit", run)


def run(config: DictConfig) -> None:
    """Imports torch and all that only once the configuration is accepted."""
    check_audit(config)
    from fer.auditing.audit import audit

    audit(config)


if __name__ == "__main__":
    main()
