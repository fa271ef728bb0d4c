"""A window on the screen, by OpenCV."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from fer.errors import ConfigError

TITLE = "fer: space pause, s picture, r record, q quit"
KEYS = {27: "q"}
"""Escape does what q does."""

IN_A_BROWSER = "python -m fer.serve shows the same in a browser, with the browser's camera"


class Window(Protocol):
    """Shows pictures and hears keys."""

    def show(self, image: NDArray[np.uint8]) -> str:
        """Shows a picture.

        Args:
            image: uint8 `[H, W, 3]`, RGB.

        Returns:
            The key that was pressed since, such as `s`; empty where none was; `q` where the
            window was closed.
        """
        ...

    def close(self) -> None:
        """Closes it."""
        ...


class ScreenWindow:
    """A window of this machine's screen; see `Window`.

    Raises:
        ConfigError: There is no screen, or this OpenCV draws no windows.
    """

    def __init__(self) -> None:
        check_screen()
        cv2.namedWindow(TITLE, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO)
        self._sized = False

    def show(self, image: NDArray[np.uint8]) -> str:
        """See `Window`."""
        if not self._sized:
            cv2.resizeWindow(TITLE, image.shape[1], image.shape[0])
            self._sized = True
        cv2.imshow(TITLE, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        code = cv2.waitKey(1) & 0xFF
        if cv2.getWindowProperty(TITLE, cv2.WND_PROP_VISIBLE) < 1:
            return "q"
        return "" if code == 0xFF else KEYS.get(code, chr(code).lower())

    def close(self) -> None:
        """See `Window`."""
        cv2.destroyAllWindows()


def check_screen() -> None:
    """Makes sure that a window can be opened.

    Raises:
        ConfigError: It cannot; the message says why and what else there is.
    """
    screens = ("DISPLAY", "WAYLAND_DISPLAY")
    if sys.platform.startswith("linux") and not any(os.environ.get(name) for name in screens):
        raise ConfigError(f"there is no display here for a window: {IN_A_BROWSER}")
    if _draws_nothing():
        raise ConfigError(
            f"OpenCV {cv2.__version__} is installed without windows (opencv-python-headless): "
            "pip uninstall opencv-python-headless, then pip install 'opencv-python>=4.10,<5'; or "
            f"{IN_A_BROWSER}"
        )
    # where the screen cannot be reached, OpenCV's toolkits end the process: so, another one
    probe = "import cv2; cv2.namedWindow('fer'); cv2.destroyAllWindows()"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, check=False)
    if done.returncode != 0:
        raise ConfigError(f"the display here cannot be used for a window: {IN_A_BROWSER}")


def _draws_nothing() -> bool:
    """Whether this build of OpenCV has no windows."""
    lines = cv2.getBuildInformation().splitlines()
    return any(line.strip().startswith("GUI:") and line.split()[-1] == "NONE" for line in lines)
