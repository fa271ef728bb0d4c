"""A stand-in for W&B's server on loopback: it answers as that does, or does not."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

OWNER = {"id": "1", "name": "fer", "entity": {"id": "2", "name": "lab"}}


class WandbServer(ThreadingHTTPServer):
    """Listens on a free port of this machine.

    Attributes:
        mood: `well`, `stalls` (accepts and never answers), `slow` (a second before each answer), or
            a status such as `500` that every request gets.
        history: Rows of the runs' histories that it got.
        uploads: Names of the files that it got.
    """

    daemon_threads = True

    def __init__(self, mood: str = "well") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.mood = mood
        self.requests = 0
        self.history: list[dict[str, Any]] = []
        self.uploads: list[str] = []
        self.released = threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing where somebody hangs up."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def serving(mood: str = "well") -> Iterator[WandbServer]:
    """The server in threads of its own."""
    server = WandbServer(mood)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: WandbServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.requests += 1
        if self.server.mood == "stalls":
            self.server.released.wait()
            return
        if self.server.mood == "slow":
            time.sleep(1)
        if self.server.mood.isdigit():
            self._answer(int(self.server.mood), {"errors": [{"message": "not today"}]})
        else:
            self._answer(200, self._content(body))

    do_GET = do_PUT = do_POST  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on the terminal."""

    def _content(self, body: bytes) -> dict[str, Any]:
        """What W&B says."""
        if self.path.endswith("/file_stream"):
            lines = json.loads(body).get("files", {}).get("wandb-history.jsonl", {})
            self.server.history += [json.loads(line) for line in lines.get("content", [])]
            return {}
        if self.path.startswith("/upload/"):
            self.server.uploads.append(self.path.removeprefix("/upload/"))
        if self.path != "/graphql":
            return {}
        asked = json.loads(body)
        query, given = asked["query"], asked.get("variables") or {}
        if "RunResumeStatus" in query:
            return {"data": {"model": {**OWNER, "bucket": None}}}
        if "upsertBucket" in query:
            run = {"id": "3", "name": given["name"], "displayName": "", "project": OWNER}
            return {"data": {"upsertBucket": {"bucket": run, "inserted": True}}}
        if "createRunFiles" in query:
            files = [
                {"name": name, "uploadUrl": f"{self.server.url}/upload/{name}"}
                for name in given["files"]
            ]
            made = {"runID": "3", "uploadHeaders": [], "files": files}
            return {"data": {"createRunFiles": made}}
        if "viewer" in query:
            viewer = {"id": "4", "entity": "lab", "username": "me", "email": "", "flags": "{}"}
            return {"data": {"viewer": {**viewer, "teams": {"edges": []}}}}
        if "query ArtifactType(" in query:
            return {"data": {"project": {"artifact": None}}}
        if "createArtifact(" in query:  # as one that is there already, whose files are not sent
            made = {"id": "5", "state": "COMMITTED", "artifactSequence": {"id": "6"}}
            return {"data": {"createArtifact": {"artifact": made}}}
        return {"data": {}}

    def _answer(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
