"""Clients at once against `fer.serve`, and what batching their requests could save.

    python -m fer.serve run=<exported file> &
    python experiments/benchmarks/serving.py http://127.0.0.1:8000 --model <exported file>

Each client sends one 640 x 480 JPEG with a synthetic face after the other. The second part is
processor time, in this process and on one thread: what a picture costs, step by step, and what a
face costs the network alone and in a batch of eight, which is the most that putting concurrent
requests together could save.
"""

from __future__ import annotations

import argparse
import io
import threading
import time
import urllib.error
import urllib.request

import cv2
import numpy as np
from PIL import Image

from fer.data.readers.pictures import open_picture, rgb_pixels
from fer.data.synthetic import draw_face
from fer.detection import detector
from fer.recognition.loading import open_engine

TYPE = "multipart/form-data; boundary=b"
HEAD = b'--b\r\nContent-Disposition: form-data; name="pictures"; filename="a.jpg"\r\n\r\n'


def jpeg() -> bytes:
    """A face before a wall."""
    wall = np.linspace(70, 130, 640)
    picture = np.broadcast_to(wall, (480, 640)).astype(np.uint8)
    picture[90:390, 170:470] = draw_face(1, 3, 300).image
    buffer = io.BytesIO()
    Image.fromarray(picture).convert("RGB").save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def load_test(address: str, clients: int, seconds: float) -> None:
    """Prints errors, latency and throughput."""
    body = HEAD + jpeg() + b"\r\n--b--\r\n"
    took: list[float] = []
    errors: list[str] = []
    end = time.monotonic() + seconds

    def ask() -> None:
        while time.monotonic() < end:
            began = time.monotonic()
            request = urllib.request.Request(f"{address}/predict", body, {"Content-Type": TYPE})
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    answer.read()
                took.append(time.monotonic() - began)
            except OSError as error:
                errors.append(str(error))

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    middle, late = np.percentile(took, [50, 99]) if took else (np.nan, np.nan)
    print(f"{clients} clients, {seconds:g} s: {len(took):,} answers, {len(errors)} errors")
    print(f"{len(took) / seconds:.1f} a second, median {middle:.3f} s, p99 {late:.3f} s")


def cost(model: str, repeats: int = 20) -> None:
    """Prints processor time of each step, in milliseconds a picture."""
    cv2.setNumThreads(1)
    data, haar, engine = jpeg(), detector("haar"), open_engine(model, threads=1)
    image = rgb_pixels(open_picture(data))
    shape = (*engine.info.crop.size, *((3,) if engine.info.crop.colour else ()))
    faces = np.random.default_rng(0).integers(0, 255, (8, *shape), dtype=np.uint8)
    steps = {
        "decode": lambda: rgb_pixels(open_picture(data)),
        "detect (Haar)": lambda: haar.detect(image),
        "classify 1": lambda: engine(faces[:1]),
        "classify 8, a face": lambda: engine(faces),
    }
    for name, step in steps.items():
        step()
        began = time.process_time()
        for _ in range(repeats):
            step()
        spent = (time.process_time() - began) / repeats * 1000
        print(f"{name}: {spent / (8 if '8' in name else 1):.2f} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("--model", required=True)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=30)
    given = parser.parse_args()
    load_test(given.address.rstrip("/"), given.clients, given.seconds)
    cost(given.model)
