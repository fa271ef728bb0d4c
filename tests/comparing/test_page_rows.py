"""Links of the comparison page."""

from __future__ import annotations

import ntpath
import os
from pathlib import PurePosixPath, PureWindowsPath

import pytest

from fer.comparing.page_rows import address


def test_a_link_goes_from_folder_to_folder() -> None:
    folder = PurePosixPath("/outputs/comparisons/one")
    assert address(PurePosixPath("/outputs/a study/50%"), folder) == "../../a%20study/50%25"


def test_windows_has_backslashes_and_drives(monkeypatch: pytest.MonkeyPatch) -> None:
    folder, run = PureWindowsPath("C:/outputs/one"), PureWindowsPath("C:/outputs/a study/b")
    with monkeypatch.context() as windows:
        windows.setattr(os.path, "relpath", ntpath.relpath)
        near, far = address(run, folder), address(PureWindowsPath("D:/a study"), folder)
    assert near == "../a%20study/b"
    assert far == "file:///D:/a%20study"
