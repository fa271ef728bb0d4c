"""Pages for people: one HTML file that needs nothing else, in the style that all pages share."""

from __future__ import annotations

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
