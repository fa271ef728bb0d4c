"""Choices of a setting by name, to which packages of a user's own add theirs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from fer.errors import ConfigError
from fer.extending import plugins

T = TypeVar("T")


class Registry(dict[str, T]):
    """What a setting may name. A name that is not there is looked for in the named plugins.

    Args:
        key: The setting, for messages.
        built_in: What comes with fer.
        taken: Further names that nothing can be added under.

    Examples:
        >>> shapes = Registry("shape", {"round": "a circle"})
        >>> _ = shapes.register("flat")("a line")
        >>> shapes["flat"], list(shapes)
        ('a line', ['round', 'flat'])
    """

    def __init__(
        self, key: str, built_in: Mapping[str, T] | None = None, taken: Collection[str] = ()
    ) -> None:
        super().__init__(built_in or {})
        self.key, self.taken = key, taken

    def register(self, name: str) -> Callable[[T], T]:
        """A decorator that adds a class or a function.

        Args:
            name: Under which the setting names it.

        Raises:
            ConfigError: The name is taken, or no word of letters, digits and `_`.
        """

        def added(choice: T) -> T:
            if name in self.taken or self.setdefault(name, choice) is not choice:
                raise ConfigError(f"{self.key}={name} is there already: register another name")
            return choice

        if not name.isidentifier():
            raise ConfigError(f"{self.key}={name} cannot be: use letters, digits and _")
        return added

    def loaded(self) -> dict[str, T]:
        """All of them, with what the named plugins bring.

        Raises:
            ConfigError: A plugin cannot be imported.
        """
        plugins.load()
        return dict(self)

    def __missing__(self, name: str) -> T:
        found = self.loaded()
        if name not in found:
            raise ConfigError(
                f"{self.key}={name} cannot be: choose {', '.join(found)}; what a package of your "
                "own brings needs plugins=<its name>"
            )
        return found[name]
