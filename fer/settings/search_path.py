"""Where Hydra looks for choices: conf/, then the folders `conf/` of a user's own packages."""

from __future__ import annotations

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.plugins import Plugins
from hydra.plugins.search_path_plugin import SearchPathPlugin

from fer.extending.plugins import folders


class PluginFolders(SearchPathPlugin):
    """Appends the folders of the packages that are named, so that what fer brings comes first."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Called by Hydra whenever it composes."""
        for folder in folders():
            search_path.append("plugins", f"file://{folder}")


def extend_search_path() -> None:
    """Tells Hydra of them; again is once."""
    Plugins.instance().register(PluginFolders)
