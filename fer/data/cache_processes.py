"""Blocks of a listed data set, read and written by several processes side by side."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, NamedTuple

from fer.data.cache_blocks import BadFiles, Block, write_block
from fer.data.readers import Opener, Record
from fer.errors import DataError

LOOK_SECONDS = 0.2
"""Between two looks at what the processes have done."""

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENCV_FOR_THREADS_NUM": "1"}
"""For processes of which there are as many as cores."""


class KilledError(DataError):
    """A process ended in the middle of its work."""


class Job(NamedTuple):
    """A block and the items that its faces are made of."""

    block: Block
    items: Sequence[Any]


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def write_blocks(
    jobs: Sequence[Job],
    opener: Opener,
    bad: BadFiles,
    processes: int,
    advance: Callable[[int], object],
) -> None:
    """Writes blocks, in this process where there is one of either.

    Args:
        jobs: The blocks.
        opener: Makes faces of their items.
        bad: Says what is done with bad files.
        processes: At most so many at once; one face is in the memory of each.
        advance: Told how many items have been done since it was last told.

    Raises:
        DataError: A bad file with `stop`, or faces of several sizes.
        KilledError: A process was killed.
        OSError: The folder cannot be written to.
    """
    processes = min(processes, len(jobs))
    if processes < 2 or multiprocessing.current_process().daemon:  # which may start none
        for job in jobs:
            _write(job, opener, bad.origin, bad.on_bad_file, lambda: advance(1))
        return
    context = multiprocessing.get_context("spawn")  # torch has threads, which a fork would lose
    done, halt = context.Value("q", 0), context.Value("b", 0)
    with ProcessPoolExecutor(processes, context, _begin, (done, halt)) as pool:
        try:
            futures = [
                pool.submit(_write, job, opener, bad.origin, bad.on_bad_file) for job in jobs
            ]
            _watch(futures, lambda: int(done.value), advance)
        except BrokenProcessPool:
            raise KilledError(
                f"{bad.origin}: a process that read it was killed, perhaps for want of memory: "
                f"set data.processes to less than {processes}; the same command goes on"
            ) from None
        finally:
            halt.value = 1
            pool.shutdown(cancel_futures=True)


def _watch(
    futures: Sequence[Future[None]], done: Callable[[], int], advance: Callable[[int], object]
) -> None:
    """Waits until all are done or one has failed, whose error is raised."""
    told, pending = 0, set(futures)
    while pending:
        finished, pending = wait(pending, LOOK_SECONDS, FIRST_EXCEPTION)
        now = done()
        advance(now - told)
        told = now
        for future in finished:
            future.result()


def _write(
    job: Job,
    opener: Opener,
    origin: str,
    on_bad_file: str,
    advance: Callable[[], object] | None = None,
) -> None:
    """Writes a block, here or in a process of the pool."""
    bad = BadFiles(origin, on_bad_file)

    def records() -> Iterator[Record]:
        for item in job.items:
            record = opener(item, bad)
            (advance or _advance)()
            if record is not None:
                yield record

    write_block(job.block, records(), bad, opener.told)


_done: Any = None
_halt: Any = None


class _HaltedError(Exception):
    """The process that waits for this one has given up."""


def _begin(done: Any, halt: Any) -> None:
    """Prepares a process of the pool, which ends with the one that started it, however that ends.

    Args:
        done: Counts the items of all processes.
        halt: Not 0 once the work is no longer wanted.
    """
    global _done, _halt
    _done, _halt = done, halt
    os.environ.update(ONE_THREAD)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of Ctrl+C the parent tells through `halt`
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _advance() -> None:
    if _halt.value:
        raise _HaltedError
    with _done.get_lock():
        _done.value += 1
