"""A request to end: once, twice, and where somebody else listens to the signal too."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from fer.processes.requeueing import WARNINGS
from fer.processes.signals import EndRequest

ENDING = (signal.SIGINT, signal.SIGTERM, *WARNINGS)


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in ENDING}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", ENDING)
def test_a_busy_training_is_left_when_it_is_ready(number: int) -> None:
    with pytest.raises(SystemExit) as end, EndRequest() as request:
        request.busy = True
        signal.raise_signal(number)
        assert request.asked == number
        request.leave(request.asked)
    assert end.value.code == 128 + number


def test_at_another_time_it_leaves_at_once() -> None:
    with pytest.raises(SystemExit) as end, EndRequest():
        signal.raise_signal(signal.SIGTERM)
        pytest.fail("went on")
    assert end.value.code == 143


def test_only_ctrl_c_is_impatient() -> None:
    """`timeout` and Slurm send theirs twice."""
    with pytest.raises(SystemExit) as end, EndRequest() as request:
        request.busy = True
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        pytest.fail("went on")
    assert end.value.code == 130


def test_a_launcher_hears_of_it_when_all_is_written() -> None:
    """As submitit's, which puts the job back into the queue and ends the process."""
    done = []

    def requeue(number: int, frame: object) -> None:
        done.append(f"requeued by {signal.Signals(number).name}")
        raise SystemExit(-1)

    signal.signal(signal.SIGUSR2, requeue)
    with pytest.raises(SystemExit) as end, EndRequest() as request:
        request.busy = True
        signal.raise_signal(signal.SIGUSR2)
        done.append("written")
        request.leave(request.asked)
    assert done == ["written", "requeued by SIGUSR2"]
    assert end.value.code == 140
    assert signal.getsignal(signal.SIGUSR2) is requeue
