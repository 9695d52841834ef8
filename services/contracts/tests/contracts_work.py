"""The service's due work in a process of its own, killed at a step."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from contracts_builders import a_seal

CHILD = Path(__file__).parent / "work_until_killed.py"
AFTER_LEASE = timedelta(seconds=61)


def work_until_killed(database_url, bucket, point) -> subprocess.CompletedProcess[str]:
    """Do what is due in a process that is killed at the named step."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(sys.path),
        "HOLDFAST_FAILPOINTS": point,
        "HOLDFAST_DATABASE_URL": database_url,
        "HOLDFAST_S3_ENDPOINT": bucket.endpoint,
        "HOLDFAST_S3_BUCKET": bucket.name,
        "HOLDFAST_S3_ACCESS_KEY": bucket.access_key,
        "HOLDFAST_S3_SECRET_KEY": bucket.secret_key,
        "HOLDFAST_SEAL": a_seal(),
    }
    return subprocess.run(
        [sys.executable, str(CHILD)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
