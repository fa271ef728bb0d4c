"""A Weights & Biases record whose server may be away, slow or refusing: it ends no training."""

from __future__ import annotations

import math
import os
import shutil
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from threading import Timer
from typing import Any

import wandb

from fer.errors import FerError

PATIENCE = 20.0
"""Seconds beyond the server's after which W&B's own process counts as hung."""

REASON = 400
"""Letters of W&B's own words that fit into the one line."""


class Record:
    """Begins a record of W&B's, and ends it.

    Online, W&B's own process sends what it is given while the training goes on. Its server is
    waited for at the start and at the end, no longer than told. Where it does not answer at the
    start, the record is an offline one; what it does not take later lies in the record's folder,
    too. Either way the user is told once, in a line, how to send it.

    Args:
        folder: The run folder, in which W&B keeps `wandb/`.
        mode: `online` or `offline`.
        timeout: Seconds to wait for the server, at the start and at the end.
        **arguments: Of `wandb.init`.

    Raises:
        FerError: Nobody is logged in, or not even an offline record can be begun.
    """

    def __init__(self, folder: Path, mode: str, timeout: float, **arguments: Any) -> None:
        # W&B reports on itself to its server as well, and asks it before it takes a table: one
        # that stalls would be waited for
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
        os.environ.setdefault("WANDB_HTTP_TIMEOUT", str(math.ceil(timeout)))
        self.timeout = timeout
        self.unsent: str | None = None
        self.trouble: str | None = None
        self.ending = False
        self.arguments = {**arguments, "dir": folder.resolve()}  # W&B's process may live elsewhere
        self.run: Any = self._online(folder / "wandb") if mode == "online" else None
        self.online = self.run is not None
        if self.run is None:
            self.run = self._offline()
        if mode == "online" and not self.online:
            _tell(
                f"W&B does not take this run ({self.unsent}); its record is kept on the disk: once "
                f"it has ended, send it with `wandb sync {self.folder}`"
            )

    @property
    def folder(self) -> Path:
        """Of the record."""
        return Path(self.run.settings.sync_dir)

    @contextmanager
    def unharmed(self) -> Iterator[None]:
        """What W&B cannot take does not end the training; it is told at the end."""
        try:
            yield
        except Exception as error:  # its process was killed, the disk is full, ...
            self.trouble = self.trouble or _reason(error)

    def finish(self, exit_code: int) -> None:
        """Ends the record; tells what is not on the server though it should be, or on no disk."""
        self.ending = True
        try:
            with self._not_hung() if self.online else nullcontext():
                self.run.finish(exit_code=exit_code)
        except TimeoutError:
            self.unsent = f"not within {self.timeout:g} s"
            self._end_service()
        except Exception as error:
            self.trouble = self.trouble or _reason(error)
            with suppress(Exception):  # where W&B's process is dead, the next job begins another
                self._end_service()
        if reason := self.trouble or (self.unsent if self.online else None):
            lacking = f"W&B's record {self.folder} is not whole ({reason})"
            if self.online:
                lacking = (
                    f"W&B has not taken all of this run ({reason}); it is kept on the disk: send "
                    f"it with `wandb sync {self.folder}`"
                )
            _tell(lacking)

    def _online(self, records: Path) -> Any:
        """A record that is sent; None where the server does not take it, and why in `unsent`."""
        before = set(records.glob("run-*"))
        try:
            run = self._begin(online=True)
        except wandb.errors.UsageError as error:
            raise FerError(
                f"W&B does not let you in: {error}; `wandb login` first, or use "
                "logger.mode=offline and `wandb sync` later"
            ) from None
        except Exception as error:
            self.unsent = _reason(error)
            self._end_service()  # or the run's id would be in use
            self.trouble = None  # the offline record that follows has a process of its own
            for folder in set(records.glob("run-*")) - before:
                shutil.rmtree(folder, ignore_errors=True)
            return None
        wandb.termsetup(wandb.Settings(silent=True), _Words(self))
        return run

    def _offline(self) -> Any:
        """A record on the disk alone."""
        try:
            return self._begin(online=False)
        except Exception as error:
            raise FerError(
                f"W&B cannot begin a record: {_reason(error)}; without one, use "
                "logger.mode=disabled"
            ) from None

    def _end_service(self) -> None:
        """Ends W&B's own process; the next record begins another."""
        with self._not_hung():
            wandb.teardown()

    @contextmanager
    def _not_hung(self) -> Iterator[None]:
        """Within it W&B's own process is killed where it has not answered for too long.

        W&B waits for it without end. Asked to end while it answers something that nobody waits for
        any more, it never reads the request (seen with 0.31).
        """
        connection = getattr(wandb.setup(), "_connection", None)
        process = getattr(getattr(connection, "_proc", None), "_process", None)

        def kill() -> None:
            if process is not None:
                self.trouble = self.trouble or "its own process hung"
                process.kill()

        watch = Timer(self.timeout + PATIENCE, kill)
        watch.start()
        try:
            yield
        finally:
            watch.cancel()

    def _begin(self, online: bool) -> Any:
        settings = wandb.Settings(
            silent=True,
            console="off",
            init_timeout=self.timeout,
            finish_timeout=self.timeout if online else 0,  # 0: as long as the disk takes
            finish_timeout_raises=True,
        )
        return wandb.init(
            **self.arguments,
            mode="online" if online else "offline",
            resume="allow" if online else None,
            settings=settings,
        )


class _Words:
    """Takes what W&B would print, in whichever thread, and keeps that something is not sent."""

    def __init__(self, record: Record) -> None:
        self.record = record

    def info(self, message: str) -> None:
        """Nothing that the user must know."""

    def warning(self, message: str) -> None:
        """`wandb sync` is W&B's advice where its server refused; it does not say which folder."""
        if "wandb sync" in message:
            self.record.unsent = self.record.unsent or "its server refused a part"
        elif not self.record.ending:  # at the end there is a line of our own
            _tell(message)

    error = warning


def _reason(error: Exception) -> str:
    """An error of W&B's in one line."""
    return textwrap.shorten(f"{type(error).__name__}: {error}", REASON)


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
