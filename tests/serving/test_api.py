"""The HTTP API: what it answers, and what it refuses."""

from __future__ import annotations

import io
import json
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from fer.recognition.loading import load
from fer.runs.folder import RunFolder
from tests.detection.scenes import plain, scene
from tests.recognition.models import brightness_model
from tests.recognition.test_sources import bomb, cut_picture
from tests.serving.conftest import settings

pytest.importorskip("fastapi", reason="the extra [serve] is not installed")
from fastapi.testclient import TestClient

from fer.serving.app import make_app
from fer.serving.models import Models

LOCAL = "http://127.0.0.1"
TOKEN = "a-token-of-sixteen"


def client_of(model: Path, **changes: object) -> TestClient:
    config = settings(run=model, **{"runs": "null", "workers": 1, **changes})
    return TestClient(make_app(config, Models(config)), base_url=LOCAL)


@pytest.fixture(scope="module")
def client(model: Path) -> Iterator[TestClient]:
    with client_of(model, max_upload=1, max_pictures=3) as client:
        yield client


def png(picture: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()


def sent(*pictures: bytes) -> list[tuple[str, tuple[str, bytes]]]:
    return [("pictures", (f"{k}.png", data)) for k, data in enumerate(pictures)]


@pytest.fixture(scope="module")
def two_faces() -> np.ndarray:
    return scene((10, 20, 90), (150, 60, 150))[0]


def test_pictures_are_answered_as_the_recognizer_answers(
    client: TestClient, model: Path, two_faces: np.ndarray
) -> None:
    answer = client.post("/predict", files=sent(png(two_faces), png(plain())))
    assert answer.status_code == 200
    told = answer.json()
    assert told["model"] == "light.onnx"
    first, second = told["pictures"]
    assert (first["name"], first["width"], first["height"]) == ("0.png", 320, 240)
    assert second["faces"] == []
    expected = load(model)(two_faces)
    assert len(first["faces"]) == len(expected) == 2
    for face, own in zip(first["faces"], expected, strict=True):
        assert face["box"] == pytest.approx(own.box, abs=0.05)
        assert (face["label"], face["sure"]) == (own.label, own.sure)
        assert face["confidence"] == face["probabilities"][own.label]
        assert list(face["probabilities"].values()) == pytest.approx(
            list(own.probabilities.values()), abs=5e-5
        )


def test_a_picture_can_be_taken_as_a_face(client: TestClient) -> None:
    gray = np.full((30, 40, 3), 26, dtype=np.uint8)  # 0.1: what the first class likes
    answer = client.post("/predict?whole=true", files=sent(png(gray)))
    (face,) = answer.json()["pictures"][0]["faces"]
    assert face["box"] == [0, 0, 40, 30] and face["label"] == "angry"


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (b"", 422, "is empty"),
        (b"no picture at all", 415, "is no picture"),
        (bomb(), 413, "larger than 24 megapixels"),
        (cut_picture(), 422, "cannot be decoded"),
    ],
)
def test_a_bad_picture_is_named(
    content: bytes, status: int, words: str, client: TestClient
) -> None:
    answer = client.post("/predict", files=sent(png(plain()), content))
    assert answer.status_code == status
    assert answer.json()["detail"].startswith("1.png") and words in answer.json()["detail"]


def test_what_is_too_much_is_413(client: TestClient) -> None:
    large = client.post("/predict", files=sent(b"x" * 1_100_000))
    many = client.post("/predict", files=sent(*[b"x"] * 4))

    def chunks() -> Iterator[bytes]:  # no length is told
        yield b'--b\r\nContent-Disposition: form-data; name="pictures"; filename="a"\r\n\r\n'
        for _ in range(20):
            yield b"x" * 100_000

    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    endless = client.post("/predict", content=chunks(), headers=kind)
    assert [large.status_code, many.status_code, endless.status_code] == [413] * 3
    assert "1 MiB" in large.json()["detail"] and "1 MiB" in endless.json()["detail"]
    assert "3 pictures" in many.json()["detail"]


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ({"content": b"\xff\xd8", "headers": {"Content-Type": "image/jpeg"}}, 415),
        ({"json": {"pictures": ["/etc/passwd"]}}, 415),
        ({}, 415),
        ({"files": {"other": b"x"}}, 422),
        ({"data": {"pictures": "../x.png"}, "files": {"other": b"x"}}, 422),
        ({"content": b"x", "headers": {"Content-Type": "multipart/form-data; boundary=b"}}, 400),
        ({"content": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 400),
    ],
)
def test_what_is_no_upload_is_refused(
    settings: dict[str, object], status: int, client: TestClient
) -> None:
    answer = client.post("/predict", **settings)  # type: ignore[arg-type]
    assert answer.status_code == status and isinstance(answer.json()["detail"], str)


def test_random_bytes_change_nothing(client: TestClient, two_faces: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    kinds = ["multipart/form-data; boundary=b", "image/png", "application/json", "\xff"]
    statuses = set()
    for k in range(200):
        content = rng.bytes(int(rng.integers(0, 3000)))
        if k % 2:
            statuses.add(client.post("/predict", files=sent(content)).status_code)
        else:
            kind = {"Content-Type": kinds[k // 2 % 4].encode("latin-1")}
            answer = client.post("/predict", content=content, headers=kind)  # type: ignore[arg-type]
            statuses.add(answer.status_code)
    assert statuses <= {400, 415, 422}
    answer = client.post("/predict", files=sent(png(two_faces)))
    assert len(answer.json()["pictures"][0]["faces"]) == 2


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1), (30, 30)])
def test_odd_shapes_are_looked_at(shape: tuple[int, int], client: TestClient) -> None:
    picture = np.full((*shape, 3), 90, dtype=np.uint8)
    for whole in ("false", "true"):
        answer = client.post(f"/predict?whole={whole}", files=sent(png(picture)))
        assert answer.status_code == 200


@pytest.mark.parametrize(
    "name", ["../light.onnx", "/etc/passwd", "light.onnx/../light.onnx", "", "%00"]
)
def test_a_model_is_a_name_and_no_path(name: str, client: TestClient) -> None:
    answer = client.post("/predict", params={"model": name}, files=sent(png(plain())))
    assert answer.status_code == 404
    assert client.get(f"/{name}").status_code in (200, 404)
    assert client.get("/samples/../../app.py").status_code == 404
    assert client.get("/samples/99.png").status_code == 404
    assert client.get("/samples/x.png").status_code == 422


def test_an_upload_never_touches_the_disk(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (560, 560, 3), np.uint8)
    picture = png(noise)
    assert 900_000 < len(picture) < 1_000_000
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    answer = client.post("/predict?whole=true", files=sent(picture))
    assert answer.status_code == 200


def test_finished_runs_can_be_chosen(model: Path, tmp_path: Path, two_faces: np.ndarray) -> None:
    for name, state in (("one/a", "finished"), ("one/b", "running"), ("c", "finished")):
        run = RunFolder(tmp_path / name)
        run.create({"model": {"name": "light"}}, state=state, finished=f"2026-01-0{len(name)}")
        run.best.write_bytes(b"no checkpoint")
        results = {"data": "fer2013", "part": "private", "n": 10, "metrics": {"accuracy": 0.5},
                   "intervals": {"accuracy": [0.4, 0.6]}}  # fmt: skip
        run.test.mkdir()
        (run.test / "metrics.json").write_text(json.dumps(results))
    (tmp_path / "one/a/export").mkdir()
    (tmp_path / "one/a/export/model.onnx").write_bytes(model.read_bytes())
    (tmp_path / "c/test/metrics.json").write_text("{")
    for name, wrong in (("d", {"metrics": {"accuracy": 73.2}}), ("e", {"n": 12.5})):
        shutil.copytree(tmp_path / "one/a", tmp_path / name, ignore=lambda *_: ["export"])
        (tmp_path / name / "test/metrics.json").write_text(json.dumps(results | wrong))
    with client_of(model, runs=tmp_path) as client:
        told = client.get("/models").json()
        assert told["default"] == "light.onnx"
        found = {one["id"]: one for one in told["models"]}
        assert set(found) == {"light.onnx", "one/a", "one/a model.onnx"}
        assert found["one/a"]["interval"] == [0.4, 0.6] and found["one/a"]["n"] == 10
        query = {"model": "one/a model.onnx"}
        answer = client.post("/predict", params=query, files=sent(png(two_faces)))
        assert answer.json()["model"] == "one/a model.onnx"
        assert len(answer.json()["pictures"][0]["faces"]) == 2
        broken = client.post("/predict", params={"model": "one/a"}, files=sent(png(two_faces)))
        assert broken.status_code == 503 and "cannot be used" in broken.json()["detail"]
        assert client.post("/predict", files=sent(png(two_faces))).status_code == 200


def test_a_model_that_changed_is_opened_anew(tmp_path: Path) -> None:
    path = brightness_model(tmp_path / "light.onnx")
    dark = sent(png(np.full((30, 40, 3), 26, dtype=np.uint8)))

    with client_of(path) as client:

        def sure() -> bool | None:
            answer = client.post("/predict?whole=true", files=dark)
            return answer.json()["pictures"][0]["faces"][0]["sure"]

        assert [sure(), sure()] == [None, None]
        brightness_model(path, threshold=0.01)
        assert [sure(), sure()] == [True, True]
        path.unlink()
        gone = client.post("/predict?whole=true", files=dark)
        assert gone.status_code == 503 and "there is no model" in gone.json()["detail"]


def test_clients_at_once_get_their_own_answers(model: Path) -> None:
    with client_of(model, workers=2) as client:

        def ask(number: int) -> tuple[int, str]:
            side = 20 + number
            gray = np.full((side, side, 3), round(255 * (0.1 + 0.8 * (number % 7) / 6)), np.uint8)
            answer = client.post("/predict?whole=true", files=sent(png(gray)))
            picture = answer.json()["pictures"][0]
            return picture["width"], picture["faces"][0]["label"]

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(ask, range(28)))
    assert [width for width, _ in answers] == list(range(20, 48))
    assert [label for _, label in answers] == [label for _, label in answers[:7]] * 4
    assert len({label for _, label in answers}) == 7


def test_only_this_machines_names_are_answered(client: TestClient) -> None:
    assert client.get("/health", headers={"Host": "localhost:8000"}).status_code == 200
    assert client.get("/health", headers={"Host": "[::1]:8000"}).status_code == 200
    assert client.get("/health", headers={"Host": "evil.example"}).status_code == 403


def test_another_address_needs_its_token(model: Path) -> None:
    with client_of(model, host="0.0.0.0", token=TOKEN) as client:
        asked = {"files": sent(png(plain()))}
        for given in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer é"}):
            coded = {key: value.encode() for key, value in given.items()}
            assert client.post("/predict", headers=coded, **asked).status_code == 401  # type: ignore[arg-type]
            assert client.get("/models", headers=coded).status_code == 401  # type: ignore[arg-type]
        right = {"Authorization": f"Bearer {TOKEN}"}
        assert client.post("/predict", headers=right, **asked).status_code == 200  # type: ignore[arg-type]
        assert client.get("/models", headers=right).status_code == 200
        assert client.get("/health", headers={"Host": "any.example"}).status_code == 200
        assert TOKEN not in client.get("/").text


def test_the_api_describes_itself_and_nothing_comes_from_elsewhere(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    assert set(described["paths"]) == {"/predict", "/models", "/health"}
    assert {"200", "401", "413", "415", "422"} <= set(
        described["paths"]["/predict"]["post"]["responses"]
    )
    assert client.get("/docs").status_code == 404
    limits = client.get("/health").json()["limits"]
    assert limits == {"upload_bytes": 2**20, "pictures": 3, "megapixels": 24}
    page = client.get("/")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    for name in ("main.js", "api.js", "camera.js", "drawing.js", "live.css", "page.css"):
        content = client.get(f"/{name}")
        assert content.status_code == 200
        assert "https://" not in content.text


def test_every_sample_is_a_face(client: TestClient, model: Path) -> None:
    names = client.get("/samples").json()
    recognizer = load(model)
    for k in (3, 12):
        picture = cv2.imdecode(
            np.frombuffer(client.get(f"/samples/{k}.png").content, np.uint8), cv2.IMREAD_COLOR
        )
        assert len(recognizer(np.asarray(picture, np.uint8))) == 1
    assert len(names) == 14 and set(names) == set(recognizer.classes)
