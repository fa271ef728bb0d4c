"""Which pages the documentation has: every README, and one for each package of fer."""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?!https?:|#)([^)]*)\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The READMEs with their pictures, and the reference, made of the docstrings."""
    experiments = ROOT / "experiments"
    read = [ROOT / "README.md", *experiments.rglob("*.md"), *experiments.rglob("*.png")]
    pages = [
        File.generated(config, path.relative_to(ROOT).as_posix(), abs_src_path=str(path))
        for path in read
    ]
    for package in sorted((ROOT / "fer").rglob("__init__.py")):
        name = ".".join(package.parent.relative_to(ROOT).parts)
        pages.append(File.generated(config, f"reference/{name}.md", content=reference(package)))
    return Files([*(file for file in files if file.src_dir != config.docs_dir), *pages])


def reference(package: Path) -> str:
    """The page of a package: what it says of itself, then its modules one after the other."""
    name = ".".join(package.parent.relative_to(ROOT).parts)
    modules = sorted(path.stem for path in package.parent.glob("[!_]*.py"))
    lines = [f"# {name}", "", f"::: {name}", "    options:", "      show_root_heading: false"]
    lines += ["      show_submodules: false", ""]
    return "\n".join([*lines, *(f"::: {name}.{module}\n" for module in modules)])


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links to folders lead to their READMEs; those to files that are no pages become words."""
    here = (ROOT / page.file.src_uri).parent

    def linked(found: re.Match[str]) -> str:
        text, target = found.groups()
        path = here / target
        if (path / "README.md").is_file():
            return f"[{text}]({target}/README.md)"
        return found[0] if path.suffix in (".md", ".png") else text

    return LINK.sub(linked, markdown)
