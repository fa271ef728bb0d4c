"""The page in a real browser, with a camera that plays a made video."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.detection.scenes import drawn as drawn_face
from tests.detection.scenes import plain, put, scene
from tests.serving.process import served

pytest.importorskip("fastapi", reason="the extra [serve] is not installed")
playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not there")
WAIT = 60_000
"""Milliseconds, for machines with other work to do."""

TOKEN = "a-token-of-sixteen"


def jpeg(picture: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Chromium with a camera that shows a face."""
    picture = plain(480, 640)
    put(picture, drawn_face(), 180, 100, 280)
    film = tmp_path_factory.mktemp("film") / "face.mjpeg"
    film.write_bytes(jpeg(picture) * 5)
    arguments = [
        *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
        *("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"),
        f"--use-file-for-fake-video-capture={film}",
    ]
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("place"), f"run={model}", f"token={TOKEN}") as (told, _):
        assert told.endswith(f"#{TOKEN}")
        yield told


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """The page, opened with its token; nothing may go wrong in it unseen."""
    context = browser.new_context(permissions=["camera"], viewport={"width": 420, "height": 900})
    context.set_default_timeout(WAIT)
    page = context.new_page()
    trouble: list[str] = []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("request", lambda request: _is_own(request.url, address) or trouble.append(request.url))
    page.goto(address)
    page.wait_for_selector("#model option", state="attached")
    yield page
    context.close()
    assert trouble == []


def _is_own(url: str, address: str) -> bool:
    return url.startswith((address.partition("#")[0], "blob:"))


def test_the_camera_gives_a_box_a_label_and_a_timeline(page: Any) -> None:
    page.click("#camera")
    page.wait_for_selector("#boxes rect.frame", state="attached")
    page.wait_for_selector("#timeline path", state="attached")
    label = page.inner_text("#faces h3 span")
    assert page.text_content("#boxes text").startswith(label)
    assert page.inner_text("#status") == f"1 face: {label}"
    x, width = (float(page.get_attribute("#boxes rect.frame", side)) for side in ("x", "width"))
    middle = 640 - (180 + 280 / 2)  # as in a mirror
    assert abs(x + width / 2 - middle) < 40 and 150 < width < 300
    assert page.locator("#faces .bars li").count() == 7
    page.click("#camera")
    assert page.locator("#boxes rect.frame").count() == 0
    assert page.inner_text("#status") == "The camera is off."


def test_uploads_and_samples_are_recognised_and_errors_are_text(page: Any, tmp_path: Path) -> None:
    two = scene((10, 20, 90), (150, 60, 150))[0]
    (tmp_path / "two.jpg").write_bytes(jpeg(two))
    (tmp_path / "bad.jpg").write_bytes(b"no picture")
    page.set_input_files("#files", [str(tmp_path / "bad.jpg"), str(tmp_path / "two.jpg")])
    page.wait_for_selector("#faces article >> nth=1")
    assert page.inner_text("#problem").startswith("bad.jpg is no picture")
    assert page.get_attribute("#problem", "role") == "alert"
    assert page.inner_text("#status").startswith("2 faces: ")
    assert page.locator("#boxes rect.frame").count() == 2

    page.locator("#samples button").nth(3).focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#status:has-text('1 face: ')")  # a function would need eval
    assert not page.is_visible("#problem")
    assert re.fullmatch(r"1 face: \w+ \d+ %( \(not sure\))?", page.inner_text("#status"))


def test_a_pasted_picture_is_recognised(page: Any) -> None:
    page.evaluate(
        """async () => {
          const blob = await (await fetch("samples/3.png")).blob();
          const data = new DataTransfer();
          data.items.add(new File([blob], "x.png", { type: "image/png" }));
          dispatchEvent(new ClipboardEvent("paste", { clipboardData: data }));
        }"""
    )
    page.wait_for_selector("#faces article")
    assert page.inner_text("#status").startswith("1 face: ")


def test_without_its_token_the_page_asks_for_it(browser: Any, address: str) -> None:
    context = browser.new_context()
    context.set_default_timeout(WAIT)
    page = context.new_page()
    page.goto(address.partition("#")[0])
    page.fill("#secret", TOKEN)
    page.click("#token button")
    page.wait_for_selector("#model option", state="attached")
    page.wait_for_selector("#samples button >> nth=13", state="attached")
    assert not page.is_visible("#token") and not page.is_visible("#problem")
    context.close()
