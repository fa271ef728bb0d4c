"""The PyPI package `fer`, in a process and an environment of its own.

Imported, it starts that process. Run as a script by that environment's Python, which has no part
of this project, it is that process: it reads a way a line (`tflite` or `keras`) and answers each
with a line of JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

PACKAGE = "fer==25.10.3"
NEEDED = ("tensorflow-cpu", "opencv-python-headless<5", "requests", "setuptools<81", "pillow")
"""What the package imports on its way with Haar; facenet-pytorch, with its own torch, is not."""


def make_environment(folder: Path) -> Path:
    """A virtual environment with the package; gives its Python, and keeps one that is there.

    Raises:
        SystemExit: pip cannot install it.
    """
    python = folder.absolute() / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    for packages in (NEEDED, ("--no-deps", PACKAGE)):
        pip = [str(python), "-m", "pip", "install", "--quiet", *packages]
        done = subprocess.run(pip, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"pip cannot install {' '.join(packages)}:\n{done.stderr}")
    return python


class Worker:
    """The process; a context manager.

    Args:
        python: Of the environment.
        film: The video to look at.
        threads: Of OpenCV.
    """

    def __init__(self, python: Path, film: Path, threads: int) -> None:
        bare = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        self.process = subprocess.Popen(
            [python, __file__, film, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=bare,
        )

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def look(self, way: str) -> tuple[float, float, int]:
        """Seconds by the clock, seconds of its processor time, and the faces that it found."""
        assert self.process.stdin is not None and self.process.stdout is not None
        print(way, file=self.process.stdin, flush=True)
        for line in self.process.stdout:
            if line.startswith("{"):
                told = json.loads(line)
                return told["wall"], told["busy"], told["faces"]
        raise SystemExit("the package fer ended: remove the folder of --package and try again")


def main() -> None:
    """Looks at the film that `sys.argv` names, once for each line of the standard input."""
    import cv2
    from fer.fer import FER
    from fer.utils import draw_annotations

    film, threads = sys.argv[1], int(sys.argv[2])
    cv2.setNumThreads(threads)
    ways = {"tflite": FER(use_tflite=True), "keras": FER(use_tflite=False)}
    for line in sys.stdin:
        detector, count = ways[line.strip()], 0
        began, busy = time.perf_counter(), time.process_time()
        video = cv2.VideoCapture(film)
        while (read := video.read())[0]:
            faces = detector.detect_emotions(read[1])
            draw_annotations(read[1], faces)
            count += len(faces)
        wall, busy = time.perf_counter() - began, time.process_time() - busy
        print(json.dumps({"wall": wall, "busy": busy, "faces": count}), flush=True)


if __name__ == "__main__":
    main()
