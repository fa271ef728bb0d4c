"""Random bytes, broken and slow clients against `fer.serve`: does it stay up, and its memory flat?

    python experiments/benchmarks/abuse.py --model <exported file> [--requests 1000]

Starts a server of its own and sends it, drawn by seed: noise instead of HTTP; requests that break
off; noise as a body, as a header, as a picture; pictures with damaged bytes. Meanwhile some clients
send a byte a second. After every tenth of them a whole picture must be recognised. Ends with exit
status 1 where an answer was a server error, the server ended, or its memory grew (Linux tells it).
"""

from __future__ import annotations

import argparse
import http.client
import io
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from PIL import Image
from serving import HEAD, TYPE, jpeg

END = b"\r\n--b--\r\n"
PATIENCE = 5
"""Seconds that the server waits for a request."""

SLOW = 4
"""Clients that are slow, at any time."""

FAILURES = ("500", "502", "503", "504")
GROWTH = 32.0
"""MiB that the memory may grow after the first tenth of the requests."""


class Abuser:
    """Sends what no client should, and keeps count of the answers.

    Args:
        host: Of the server.
        port: Of the server.
    """

    def __init__(self, host: str, port: int) -> None:
        self.place, self.rng, self.answers = (host, port), np.random.default_rng(0), Counter()
        self.ended = threading.Event()
        buffer = io.BytesIO()
        Image.open(io.BytesIO(jpeg())).save(buffer, "PNG")
        self.pictures = (jpeg(), buffer.getvalue())

    def send_one(self, number: int) -> None:
        """A bad request; its kind follows from its number."""
        kinds = (self.noise, self.broken, self.body, self.header, self.picture, self.damaged)
        kinds[number % len(kinds)]()

    def noise(self) -> None:
        """No HTTP at all."""
        self._raw("noise", self.rng.bytes(int(self.rng.integers(1, 4000))))

    def broken(self) -> None:
        """A request that promises more than it sends, and hangs up."""
        head = f"POST /predict HTTP/1.1\r\nHost: {self.place[0]}\r\nContent-Type: {TYPE}\r\n"
        promise = f"{head}Content-Length: 500000\r\n\r\n".encode()
        with socket.create_connection(self.place, timeout=60) as client:
            client.sendall(promise + HEAD + self.rng.bytes(int(self.rng.integers(0, 60_000))))
        self.answers["broken off"] += 1

    def body(self) -> None:
        """Noise where parts of a form should be."""
        self._ask(self.rng.bytes(int(self.rng.integers(0, 200_000))))

    def header(self) -> None:
        """Noise in the path and the headers."""
        noise = self.rng.bytes(60).replace(b"\n", b"").replace(b"\r", b"")
        head = b"GET /" + noise + b" HTTP/1.1\r\nHost: " + noise + b"\r\n\r\n"
        self._raw("noise in the head", head)

    def picture(self) -> None:
        """Noise as a picture, of up to a megabyte."""
        self._ask(HEAD + self.rng.bytes(int(self.rng.integers(0, 1_000_000))) + END)

    def damaged(self) -> None:
        """A picture with some wrong bytes, or cut off."""
        content = bytearray(self.pictures[int(self.rng.integers(2))])
        for place in self.rng.integers(0, len(content), 20):
            content[place] = int(self.rng.integers(256))
        if self.rng.random() < 0.5:
            del content[int(self.rng.integers(len(content))) :]
        self._ask(HEAD + bytes(content) + END)

    def whole(self) -> None:
        """A picture that must be answered with its face."""
        status, told = self._ask(HEAD + self.pictures[0] + END)
        if status != 200 or b'"label"' not in told:
            raise SystemExit(f"a whole picture was answered with {status}: {told[:200]!r}")

    def be_slow(self) -> None:
        """Sends a byte a second until the server hangs up, again and again."""
        while not self.ended.is_set():
            with socket.create_connection(self.place, timeout=60) as client:
                client.settimeout(1)
                client.sendall(b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\n")
                client.sendall(
                    f"Content-Type: {TYPE}\r\nContent-Length: 5000\r\n\r\n".encode() + HEAD
                )
                while not self.ended.is_set():
                    try:
                        client.sendall(b"x")
                        told = client.recv(100)
                    except TimeoutError:
                        continue
                    except OSError:
                        told = b""
                    self.answers[f"slow: {told[9:12].decode() or 'closed'}"] += 1
                    break

    def _ask(self, body: bytes) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(*self.place, timeout=60)
        try:
            connection.request("POST", "/predict", body, {"Content-Type": TYPE})
            answer = connection.getresponse()
            told = answer.read()
        except OSError:
            self.answers["closed"] += 1
            return 0, b""
        finally:
            connection.close()
        self.answers[str(answer.status)] += 1
        return answer.status, told

    def _raw(self, name: str, content: bytes) -> None:
        with socket.create_connection(self.place, timeout=60) as client:
            client.settimeout(1)
            try:
                client.sendall(content)
                client.shutdown(socket.SHUT_WR)
                told = client.recv(100)
            except OSError:
                told = b""
        self.answers[f"{name}: {told[9:12].decode() or 'closed'}"] += 1


def memory(process: int) -> float:
    """Anonymous memory of a process, MiB; NaN where the system does not tell it."""
    status = Path(f"/proc/{process}/status")
    if not status.exists():
        return float("nan")
    lines = status.read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("RssAnon"))) / 1024


def main() -> None:
    """Starts the server, sends everything, and tells what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--requests", type=int, default=1000)
    given = parser.parse_args()
    command = [sys.executable, "-m", "fer.serve", f"run={given.model}", "runs=null", "port=0"]
    with subprocess.Popen(
        [*command, f"patience={PATIENCE}"], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        place = urlsplit(server.stdout.readline().strip())
        abuser = Abuser(str(place.hostname), int(place.port or 0))
        slow = [threading.Thread(target=abuser.be_slow) for _ in range(SLOW)]
        for thread in slow:
            thread.start()
        began, memories = time.monotonic(), []
        try:
            for number in range(given.requests):
                abuser.send_one(number)
                if (number + 1) % max(1, given.requests // 10) == 0:
                    abuser.whole()
                    memories.append(memory(server.pid))
                    print(f"{number + 1:,} requests: {memories[-1]:.1f} MiB", flush=True)
        finally:
            abuser.ended.set()
            for thread in slow:
                thread.join()
            up = server.poll() is None
            server.terminate()
    for answer, count in sorted(abuser.answers.items()):
        print(f"  {answer}: {count:,}")
    grown = memories[-1] - memories[0]
    failed = sum(count for told, count in abuser.answers.items() if told.split()[-1] in FAILURES)
    print(
        f"{given.requests:,} requests in {time.monotonic() - began:.0f} s, {failed} server errors, "
        f"{'still up' if up else 'down'}, memory {grown:+.1f} MiB after the first tenth"
    )
    sys.exit(0 if up and not failed and not grown > GROWTH else 1)


if __name__ == "__main__":
    main()
