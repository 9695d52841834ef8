"""A copy of this checkout's own files, for tests that change them."""

import shutil
import subprocess
from pathlib import Path

from holdfast.instance import checkout


def copied(folder: Path) -> Path:
    """The files git tracks, and those it does not ignore, copied into the folder."""
    root = checkout()
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=root, capture_output=True, check=True,
    ).stdout.decode()  # fmt: skip
    for name in filter(None, listed.split("\0")):
        if (root / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / name, folder / name)
    return folder
