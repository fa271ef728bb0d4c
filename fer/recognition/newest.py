"""The newest frame of a camera, whatever happened while the last one was looked at."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Newest(Generic[Item]):
    """Reads in a thread of its own and gives only what came last: what is shown is never late.

    Args:
        items: What to read; its errors come out here.
    """

    def __init__(self, items: Iterable[Item]) -> None:
        self._items = items
        self._changed = threading.Condition()
        self._last: Item | None = None
        self._error: BaseException | None = None
        self._ended = False
        threading.Thread(target=self._read, daemon=True).start()

    def __iter__(self) -> Iterator[Item]:
        """Yields items, each at most once, until there are no more or `close` was called."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._last is not None or self._ended)
                item, self._last = self._last, None
            if item is None:
                if self._error is not None:
                    raise self._error
                return
            yield item

    def close(self) -> None:
        """Reads no more."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _read(self) -> None:
        try:
            for item in self._items:
                with self._changed:
                    if self._ended:
                        return
                    self._last = item
                    self._changed.notify_all()
        except BaseException as error:  # told where the items are taken
            self._error = error
        finally:
            self.close()
