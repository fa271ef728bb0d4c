"""What the jobs of a sweep have written of themselves, also where a record is damaged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fer.evaluation.sweep_jobs import Job


def job_records(folder: Path) -> dict[Path, str]:
    """The records of a sweep's jobs, by number: file and text.

    Another process may take one away meanwhile; one that cannot be read is empty.
    """
    found = {}
    for path in sorted(folder.glob("jobs/*.json")):
        try:
            found[path] = path.read_text("utf-8", errors="replace")
        except FileNotFoundError:
            continue
        except OSError:
            found[path] = ""
    return found


def job_story(path: Path, text: str) -> dict[str, Any]:
    """What a job's record says; of a damaged one, that it is, as if the job had failed.

    Args:
        path: The record, for the message.
        text: What it holds.
    """
    try:
        story: dict[str, Any] = json.loads(text)
        if _is_whole(Job(**story)):
            return story
    except (ValueError, TypeError, AttributeError, RecursionError):
        pass
    number = int(path.stem) if path.stem.isdecimal() else 0
    why = f"{path} is damaged: run the same sweep again, which writes it anew"
    return {"number": number, "overrides": [], "status": "failed", "error": why}


def _is_whole(job: Job) -> bool:
    """Whether a record has what the summary needs of every job, and of a finished one."""
    if not isinstance(job.number, int) or not isinstance(job.overrides, list):
        return False
    if not all(isinstance(word, str) for word in (job.status, *job.overrides, job.error or "")):
        return False
    figures = (job.metrics.get("accuracy"), job.validation_accuracy, job.seconds_per_epoch)
    given = all(isinstance(figure, (int, float)) for figure in figures)
    return job.status != "finished" or (given and isinstance(job.intervals, dict))
