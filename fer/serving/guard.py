"""What stands before the application: who may ask, how much, and how slowly."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

AT_ONCE = 8
"""Requests whose bodies are in memory at the same time."""

DRAIN_SECONDS = 5.0
"""A body that is too large is thrown away for so long, so that the client hears why."""

SAFE_HEADERS = {
    b"content-security-policy": (
        b"default-src 'self'; img-src 'self' blob:; media-src 'self' blob:; object-src 'none'; "
        b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    b"permissions-policy": b"camera=(self), microphone=(), geolocation=()",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
    b"cache-control": b"no-store",
}


class Guard:
    """ASGI middleware that refuses requests before the application spends anything on them.

    Args:
        app: What is guarded.
        max_bytes: Of a request's body.
        patience: Seconds in which a body must have come.
        token: That must come as `Authorization: Bearer`, where `guarded`; None: nobody needs one.
        hosts: Names under which the server may be asked for, so that no web page elsewhere can
            reach it under a name of its own (DNS rebinding); None: any.
        guarded: Beginnings of the paths that need the token.
    """

    def __init__(
        self,
        app: ASGIApp,
        max_bytes: int,
        patience: float,
        token: str | None,
        hosts: Sequence[str] | None,
        guarded: tuple[str, ...],
    ) -> None:
        self.app, self.max_bytes, self.patience = app, max_bytes, patience
        self.token, self.hosts, self.guarded = token, hosts, guarded
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, or hands it on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = dict(message["headers"])
                message["headers"] = [*(SAFE_HEADERS | told).items()]
            await send(message)

        try:
            self._check(scope)
            if scope["method"] in ("GET", "HEAD"):
                await self.app(scope, receive, send_safely)
                return
            async with self._turns:
                await self.app(scope, self._bounded(scope, receive), send_safely)
        except HTTPException as error:
            headers = {"Connection": "close", **(error.headers or {})}
            answer = JSONResponse({"detail": error.detail}, error.status_code, headers)
            await answer(scope, receive, send_safely)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        if self.hosts is not None and _host(headers.get("host", "")) not in self.hosts:
            raise HTTPException(403, f"ask for this server as {self.hosts[0]}")
        if self.token is not None and scope["path"].startswith(self.guarded):
            given = headers.get("authorization", "").removeprefix("Bearer ")
            if not hmac.compare_digest(given.encode(), self.token.encode()):
                raise HTTPException(
                    401, "this server needs its token", {"WWW-Authenticate": "Bearer"}
                )

    def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        """The same stream, which ends in status 413 or 408 where it is too long or too slow."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.patience
        told = Headers(scope=scope).get("content-length", "")
        promised = int(told) if told.isdecimal() else 0
        got, whole = 0, False

        async def bounded() -> Message:
            nonlocal got, whole
            if whole:
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), deadline - loop.time())
            except asyncio.TimeoutError:
                raise HTTPException(408, f"took longer than {self.patience:g} seconds") from None
            whole = not message.get("more_body", False)
            got += len(message.get("body", b""))
            if max(got, promised) > self.max_bytes:
                if not whole:
                    await _drain(receive)
                raise HTTPException(
                    413, f"is larger than {self.max_bytes / 1024**2:g} MiB, this server's limit"
                )
            return message

        return bounded


async def _drain(receive: Receive) -> None:
    """Throws the rest of a body away, for a while."""

    async def read() -> None:
        while (await receive()).get("more_body", False):
            pass

    try:
        await asyncio.wait_for(read(), DRAIN_SECONDS)
    except asyncio.TimeoutError:
        return


def _host(header: str) -> str:
    """The name in a Host header, without its port.

    Examples:
        >>> _host("localhost:8000"), _host("[::1]:8000")
        ('localhost', '::1')
    """
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0].lower()
