"""HTTP connections that do not wait for ever: what `guard` does for bodies, for what is before."""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


def patient_protocol(seconds: float) -> type[H11Protocol]:
    """The protocol of uvicorn, but it hangs up on clients that do not say what they want.

    Left alone, uvicorn waits without end for the head of a request, so that some silent connections
    would take all that may be open at once.

    Args:
        seconds: That a client may take for the head of a request.
    """

    class PatientProtocol(H11Protocol):
        _limit: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._watch()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            self._forget()
            super().connection_lost(exc)

        def _watch(self) -> None:
            """The clock runs while the head of a request is not whole."""
            if self.conn.their_state is not h11.IDLE:
                self._forget()
            elif self._limit is None:
                self._limit = self.loop.call_later(seconds, self.transport.close)

        def _forget(self) -> None:
            if self._limit is not None:
                self._limit.cancel()
                self._limit = None

    return PatientProtocol
