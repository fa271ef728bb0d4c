"""Pages for people: one HTML file that needs nothing else, in the style that all pages share."""

from __future__ import annotations

import os
from pathlib import Path
from string import Template

_STYLE = Path(__file__).with_name("page.css")


def fill_page(template: Path, **parts: object) -> str:
    """A page's template with its parts.

    Args:
        template: HTML whose `$style` takes the style sheet of all pages, `page.css`; other
            `$names` take the parts of these names.
        **parts: HTML, escaped where it needs to be.

    Raises:
        KeyError: The template names a part that is not given.
    """
    text = Template(template.read_text(encoding="utf-8"))
    return text.substitute(style=_STYLE.read_text(encoding="utf-8"), **parts)


def save_page(text: str, path: Path) -> None:
    """Writes a page or table aside and renames it, so that no reader ever meets half of one."""
    aside = path.with_name(f"{path.name}.part-{os.getpid()}")  # jobs may run side by side
    aside.write_text(text, encoding="utf-8", newline="")
    aside.replace(path)
