"""What the members of a blend cost: runs of their own, trained before it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fer.errors import RunError
from fer.runs.folder import RunFolder


def epochs_of_members(run: Path, settings: Mapping[str, Any]) -> dict[str, list[float]] | None:
    """How long every epoch of a blend's members took, those of members that are blends included.

    Args:
        run: The blend's folder.
        settings: Its nested configuration.

    Returns:
        Folder of each member to the seconds of its epochs, each member once; empty for what is no
        blend, and None where a member's run folder cannot be found or does not say.
    """
    model = settings.get("model")
    if not isinstance(model, Mapping) or model.get("kind") != "blend":
        return {}
    found: dict[str, list[float]] = {}
    for named in model["members"] if isinstance(model.get("members"), list) else [""]:
        try:
            member = _member(run, Path(str(named)))
            seconds = [row["seconds"] for row in member.rows() if "seconds" in row]
            beneath = epochs_of_members(member.path, member.settings)
        except (RunError, OSError):
            return None
        if not seconds or beneath is None:
            return None
        found |= {str(member.path): seconds} | beneath
    return found


def _member(run: Path, named: Path) -> RunFolder:
    """A member where it was, or where the outputs lie now.

    Raises:
        RunError: It is in none of these places.
    """
    beside, beneath = run.parent / named.name, run.parent.parent / named.parent.name / named.name
    places = [place for place in (named, beside, beneath) if RunFolder(place).exists()]
    return RunFolder.open(places[0] if places else named)
