"""YuNet's model file, fetched from a server of our own on this machine."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from fer.detection import detector, yunet_model
from fer.detection.yunet_model import find_model
from fer.errors import ConfigError
from tests.detection.scenes import scene

MODEL = bytes(range(256)) * 40


class Zoo:
    """A server that gives `content`, says that it is `length` bytes, and counts who asked."""

    def __init__(self) -> None:
        self.content, self.length, self.status, self.asked = MODEL, len(MODEL), 200, 0
        zoo = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                zoo.asked += 1
                self.send_response(zoo.status)
                self.send_header("Content-Length", str(zoo.length))
                self.end_headers()
                self.wfile.write(zoo.content)

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server.server_port}/{yunet_model.NAME}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where it is kept, empty; nothing is named."""
    monkeypatch.delenv("FER_YUNET", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(yunet_model, "SHA256", hashlib.sha256(MODEL).hexdigest())
    monkeypatch.setattr(yunet_model, "BYTES", len(MODEL))
    return tmp_path / "fer"


@pytest.fixture
def zoo(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Zoo]:
    server = Zoo()
    monkeypatch.setattr(yunet_model, "URL", server.url)
    yield server
    server.server.shutdown()
    server.server.server_close()


def test_it_is_fetched_once(zoo: Zoo, cache: Path, capfd: pytest.CaptureFixture[str]) -> None:
    found = find_model()
    assert found.read_bytes() == MODEL and found.parent == cache
    assert find_model() == found and zoo.asked == 1
    assert capfd.readouterr().err == f"fetching YuNet's model file, once: {zoo.url}\n"
    found.write_bytes(MODEL[:-1])  # damaged since
    assert find_model().read_bytes() == MODEL and zoo.asked == 2
    assert list(cache.iterdir()) == [found]


def test_what_is_named_is_taken_without_asking(
    zoo: Zoo, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, other = tmp_path / "own.onnx", tmp_path / "other.onnx"
    own.write_bytes(b"own")
    other.write_bytes(b"other")
    monkeypatch.setenv("FER_YUNET", str(other))
    assert find_model(own) == own and find_model() == other
    assert zoo.asked == 0 and not cache.exists()


@pytest.mark.parametrize(
    ("content", "length", "status", "words"),
    [
        (b"version https://git-lfs", 23, 200, "is not YuNet's model file and is not kept"),
        (MODEL + b"more", len(MODEL) + 4, 200, f"{len(MODEL) + 1:,} bytes of {len(MODEL):,}"),
        (MODEL[:-1] + b"x", len(MODEL), 200, "SHA-256"),
        (MODEL[:99], len(MODEL), 200, "is not YuNet's model file"),
        (b"", 0, 404, "could not be fetched"),
    ],
    ids=["another", "more", "changed", "cut", "missing"],
)
def test_nothing_else_is_kept(
    content: bytes, length: int, status: int, words: str, zoo: Zoo, cache: Path
) -> None:
    zoo.content, zoo.length, zoo.status = content, length, status
    with pytest.raises(ConfigError) as caught:
        find_model()
    told = str(caught.value)
    assert zoo.url in told and words in told and yunet_model.ADDRESS in told and "haar" in told
    assert not cache.exists()


def test_without_a_network_the_message_says_what_to_do(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/{yunet_model.NAME}"
    monkeypatch.setattr(yunet_model, "URL", address)
    with pytest.raises(ConfigError) as caught:
        find_model()
    told = str(caught.value)
    assert "could not be fetched" in told and "Connection refused" in told
    assert yunet_model.ADDRESS in told and "FER_YUNET" in told and "haar" in told


def test_a_cache_that_cannot_be_written_is_told(zoo: Zoo, cache: Path) -> None:
    cache.write_text("a file where the folder should be")
    with pytest.raises(ConfigError, match=r"cannot be used .*detector_model"):
        find_model()


def test_the_real_file_is_what_is_asked_for(yunet_file: Path) -> None:
    if yunet_file.name != yunet_model.NAME:
        pytest.skip("FER_YUNET names another one")
    content = yunet_file.read_bytes()
    assert len(content) == yunet_model.BYTES
    assert hashlib.sha256(content).hexdigest() == yunet_model.SHA256


def test_a_fetched_file_finds_faces(
    yunet_file: Path, zoo: Zoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    zoo.content = yunet_file.read_bytes()
    zoo.length = len(zoo.content)
    monkeypatch.setattr(yunet_model, "BYTES", zoo.length)
    monkeypatch.setattr(yunet_model, "SHA256", hashlib.sha256(zoo.content).hexdigest())
    assert len(detector("yunet").detect(scene((100, 40, 140))[0])) == 1
