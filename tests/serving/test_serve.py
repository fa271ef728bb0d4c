"""`python -m fer.serve`: what it refuses, and a server that stays up."""

from __future__ import annotations

import http.client
import io
import signal
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

from tests.detection.scenes import plain
from tests.end_to_end.commands import here
from tests.serving.process import served

pytest.importorskip("fastapi", reason="the extra [serve] is not installed")

BOUNDARY = "multipart/form-data; boundary=b"
PART = b'--b\r\nContent-Disposition: form-data; name="pictures"; filename="a.png"\r\n\r\n'


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ("host=0.0.0.0", 2, "host=0.0.0.0 cannot be others reach token=..."),
        ("host=10.0.0.7 token=short", 2, "token cannot be 16 or more"),
        ("token=[sixteen,and,more]", 2, "token cannot be ASCII"),
        ("host=203.0.113.7 token=a-token-of-sixteen", 2, "host=203.0.113.7 no address of this"),
        ("port=70000", 2, "port=70000 from 0 to 65535"),
        ("max_upload=0", 2, "max_upload=0 above 0"),
        ("max_pictures=0", 2, "max_pictures=0 from 1"),
        ("workers=none", 2, "workers=none whole number"),
        ("patience=-1", 2, "patience=-1 above 0"),
        ("detector=mtcnn", 2, "detector=mtcnn choose haar, yunet, none"),
        ("run=gone.onnx", 1, "there is no model gone.onnx"),
    ],
)
def test_what_cannot_work_is_one_message(
    arguments: str, status: int, words: str, model: Path, tmp_path: Path
) -> None:
    run = [] if "run=" in arguments else [f"run={model}"]
    port = [] if "port=" in arguments else ["port=0"]
    told = here("serve", *arguments.split(), *run, *port, folder=tmp_path)
    assert told.status == status and "Traceback" not in told.err
    assert all(word in told.err for word in words.split())
    assert "sixteen" not in told.err and "short" not in told.err  # a secret is not printed


def test_a_taken_port_is_told(model: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = here("serve", f"run={model}", f"port={port}", folder=tmp_path)
    assert told.status == 2 and f"port={port} cannot be had" in told.err


def anonymous_memory(process: int) -> int:
    """KiB, without files that are mapped."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("RssAnon")))


def asked(host: str, port: int, method: str, path: str, body: bytes = b"", kind: str = "") -> int:
    """The status of an answer; 0 where the connection broke."""
    connection = http.client.HTTPConnection(host, port, timeout=60)
    try:
        connection.request(method, path, body, {"Content-Type": kind})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    except OSError:
        return 0
    finally:
        connection.close()


def test_slow_broken_and_random_clients_leave_it_up(model: Path, tmp_path: Path) -> None:
    with served(tmp_path, f"run={model}", "runs=null", "max_upload=1", "patience=2") as (
        address,
        process,
    ):
        place = urlsplit(address)
        host, port = str(place.hostname), int(place.port or 0)
        assert host == "127.0.0.1"
        head = f"POST /predict HTTP/1.1\r\nHost: {host}\r\nContent-Type: {BOUNDARY}\r\n"
        promise = f"{head}Content-Length: 500000\r\n\r\n".encode()

        slow = socket.create_connection((host, port))
        slow.sendall(promise + PART)
        silent, half = (socket.create_connection((host, port), timeout=60) for _ in range(2))
        half.sendall(b"GET / HTTP/1.1\r\nHo")
        for _ in range(10):  # broken off in the middle
            with socket.create_connection((host, port)) as broken:
                broken.sendall(promise + PART + b"x" * 1000)
        rng = np.random.default_rng(0)
        for _ in range(20):  # no HTTP at all
            with socket.create_connection((host, port)) as noise:
                noise.sendall(rng.bytes(500))
        asked(host, port, "POST", "/predict", b"no form at all", BOUNDARY)
        asked(host, port, "POST", "/predict", PART + b"x" * 900_000, BOUNDARY)
        before = anonymous_memory(process.pid) if Path("/proc/self/status").exists() else 0
        statuses = {
            asked(
                host, port, "POST", "/predict", PART + rng.bytes(900_000) + b"\r\n--b--", BOUNDARY
            )
            for _ in range(30)
        }
        assert statuses <= {400, 415}
        large = asked(host, port, "POST", "/predict", PART + b"x" * 3_000_000, BOUNDARY)
        assert large == 413
        if before:
            assert anonymous_memory(process.pid) - before < 30_000
        slow.settimeout(60)
        assert b" 408 " in slow.recv(1000)
        assert silent.recv(9) == half.recv(9) == b""  # hung up on
        for client in (slow, silent, half):
            client.close()
        buffer = io.BytesIO()
        Image.fromarray(plain()).save(buffer, "PNG")
        body = PART + buffer.getvalue() + b"\r\n--b--\r\n"
        assert asked(host, port, "POST", "/predict", body, BOUNDARY) == 200
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0 and time.monotonic() - began < 30
        assert errors == ""  # nobody can fill the terminal
        assert list(tmp_path.iterdir()) == []
