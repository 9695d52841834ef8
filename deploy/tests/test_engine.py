"""`test --containers` where no container can be run."""

import os
import subprocess
import sys


def test_without_an_engine_it_is_skipped_with_a_reason_that_names_what_lacks(tmp_path):
    command = [sys.executable, "-m", "holdfast.cli", "test", "--containers"]
    environment = {**os.environ, "HOLDFAST_DOCKER": "off", "PATH": str(tmp_path)}

    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=120
    )

    assert done.returncode == 0
    assert "skipped: no Docker engine answers, and" in done.stderr
    assert "only root can start one" in done.stderr or "no apt-get" in done.stderr
