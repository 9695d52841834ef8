"""Programs that others wrote, installed by their registries' ordinary clients and kept.

Where that cannot be (no client, no network), the test that asks is skipped and says why.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import pytest
from holdfast.instance import Instance

PATIENCE_S = 120.0


def node_packages(*pinned: str) -> Path:
    """The folder that these npm packages are installed in, to run Node in."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("no Node.js here")
    return _kept(_npm, pinned)


def python_packages(*pinned: str) -> Path:
    """The Python of an environment that these packages, and no others, are installed in."""
    return _kept(_uv, pinned) / "bin" / "python"


def _npm(folder: Path, pinned: Sequence[str]) -> None:
    quiet = ("--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=1")
    _run("npm", "install", *quiet, "--cache", str(folder / "cache"), "--prefix", folder, *pinned)
    shutil.rmtree(folder / "cache", ignore_errors=True)


def _uv(folder: Path, pinned: Sequence[str]) -> None:
    uv = Path(sys.executable).with_name("uv")
    _run(uv, "venv", "-q", "--relocatable", "--python", sys.executable, folder)
    _run(uv, "pip", "install", "-q", "--python", folder / "bin" / "python", *pinned)


def _run(*command: str | Path) -> None:
    subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE_S)


@cache
def _kept(install: Callable[[Path, Sequence[str]], None], pinned: tuple[str, ...]) -> Path:
    """What was installed before, else installed now: whole or not at all."""
    named = hashlib.sha256(" ".join((install.__name__, *pinned)).encode()).hexdigest()[:16]
    folder = Instance.named().cache / "clients" / named
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as under_way:
        made = Path(under_way) / "made"
        made.mkdir()
        try:
            install(made, pinned)
        except (subprocess.SubprocessError, OSError) as error:
            said = getattr(error, "stderr", None) or str(error)
            pytest.skip(f"{', '.join(pinned)} cannot be installed here: {str(said)[-200:]}")
        if not folder.is_dir():  # another worker may have been first
            made.rename(folder)
    return folder
