"""A sweep's jobs: each recorded as it ends; one failure neither hides nor ends the others."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from fer.checks.sweeps import check_swept
from fer.config import names_sweep
from fer.errors import ConfigError, FerError, stop
from fer.evaluation.cautions import find_cautions
from fer.runs.folder import RunFolder
from fer.runs.group import RunGroup
from fer.settings.launchers import check_launcher, tell_where
from fer.training.sweep_records import as_typed, job_records, job_story
from fer.training.sweep_summary import print_summary, summarise
from fer.writing import write_text

_failed = False


def sweep_failed() -> bool:
    """Whether a job of the sweep that this process ran has failed."""
    return _failed


@dataclass(frozen=True)
class SweepJob:
    """One job.

    Attributes:
        number: Place in the sweep, from 0.
        overrides: As given on the command line.
        folder: The sweep's folder.
    """

    number: int
    overrides: tuple[str, ...]
    folder: Path

    @staticmethod
    def current() -> SweepJob | None:
        """The job that Hydra runs in this process, None outside a sweep."""
        hydra = HydraConfig.get()
        if hydra.mode != RunMode.MULTIRUN:
            return None
        return SweepJob(
            int(hydra.job.num), tuple(as_typed(hydra.overrides.task)), Path(hydra.sweep.dir)
        )

    def run(self, config: DictConfig, train: Callable[[DictConfig], RunFolder | RunGroup]) -> None:
        """Trains, and records how it ended; only an interruption by the user goes further up.

        Another process may run the same sweep: a job that it trains is waited for.
        """
        global _failed
        os.chdir(HydraConfig.get().runtime.cwd)  # a launcher may start it elsewhere
        print(f"\njob {self.number}: {' '.join(self.overrides)}", flush=True)
        self._record("running")
        try:
            self._record("finished", **_results(train(config)))
        except FerError as error:
            print(f"error: job {self.number}: {error}", file=sys.stderr, flush=True)
            _failed = True
            self._record("failed", error=str(error))
        except Exception as error:
            traceback.print_exc()
            _failed = True
            self._record("failed", error=f"{type(error).__name__}: {error}")
        except BaseException:
            self._record("interrupted")
            raise
        finally:
            summarise(self.folder)

    def _record(self, status: str, **more: Any) -> None:
        path = self.folder / "jobs" / f"{self.number:04d}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        story = {"number": self.number, "overrides": list(self.overrides), "status": status, **more}
        write_text(path, json.dumps(story, indent=2))


class SweepSummary(Callback):
    """Hydra calls this around a sweep: clears old records first, shows the result last."""

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Refuses what can be no sweep; removes records that an earlier start left behind.

        They are of jobs that it numbered otherwise, or did not finish. The rest may be of a process
        that runs the same sweep now.
        """
        overrides = as_typed(config.hydra.overrides.task)
        try:
            check_launcher(config)
            check_swept(overrides)
        except ConfigError as error:  # Hydra would go on with a warning
            stop(error, status=2)
        keys = _keys(overrides)
        for folder in _folders(config):
            for path, text in job_records(folder).items():
                job = job_story(path, text)
                if job["status"] != "finished" or _keys(job["overrides"]) != keys:
                    path.unlink(missing_ok=True)
        tell_where(config)

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Writes the summary and prints it, failures in full."""
        global _failed
        for folder in _folders(config):
            jobs = summarise(folder)
            _failed |= any(job["status"] in ("failed", "interrupted") for job in jobs)
            print_summary(jobs, folder)


def _keys(overrides: Iterable[str]) -> list[str]:
    """The settings that name a sweep, in the order in which its jobs are numbered."""
    return [override.partition("=")[0] for override in overrides if names_sweep(override)]


def _folders(config: DictConfig) -> list[Path]:
    """The sweep's folders: one for each experiment's name, where `experiment` itself is swept."""
    own = Path(config.hydra.sweep.dir)
    if own.name != os.environ.get("FER_SWEEP"):
        return [own]
    return sorted(path.parent for path in own.parent.parent.glob(f"*/{own.name}/jobs")) or [own]


def _results(run: RunFolder | RunGroup) -> dict[str, Any]:
    """What the summary tells of a finished run, or of a group of runs."""
    if isinstance(run, RunGroup):
        return _group_results(run)
    results, status, rows, config = run.results(), run.status, run.rows(), run.config
    best = run.row(results["epoch"])
    return {
        "folder": str(run.path),
        "metrics": results["metrics"],
        "intervals": results["intervals"],
        "validation_accuracy": best["validation/accuracy"],
        "parameters": status["parameters"],
        "trained_parameters": status["trained_parameters"],
        "seconds_per_epoch": sum(row["seconds"] for row in rows) / len(rows),
        "seconds": sum(row["seconds"] for row in rows),
        "epochs": len(rows),
        "protocol": results["protocol"]["name"],
        "part": results["part"],
        "n": results["n"],
        "notes": results["notes"],
        "cautions": find_cautions(results),
        "split_hash": results["test_hash"],
        "model": config.model.name,
        "frozen_stages": OmegaConf.select(config, "model.frozen_stages"),
        "seed": config.seed,
    }


def _group_results(group: RunGroup) -> dict[str, Any]:
    """Of the runs together: what was measured over all, and the mean or sum of the rest."""
    from fer.evaluation.repeats_tables import measured_text

    runs, results = [_results(run) for run in group.runs], group.results
    mean = {
        key: sum(run[key] for run in runs) / len(runs)
        for key in ("validation_accuracy", "seconds_per_epoch")
    }
    total = {key: sum(run[key] for run in runs) for key in ("seconds", "epochs")}
    accuracy = results["spread"]["accuracy"]
    return {
        **runs[0],
        **mean,
        **total,
        "folder": str(group.path),
        "metrics": results["metrics"],
        "intervals": results["intervals"],
        "part": results["part"],
        "n": results["n"],
        "notes": results["notes"],
        "cautions": find_cautions(results),
        "split_hash": results["test_hash"],
        "runs": measured_text(results),
        "accuracy_mean": accuracy["mean"],
        "accuracy_deviation": accuracy["deviation"],
        "accuracy_median": accuracy["median"],
    }
