"""The bench prepares the process that it runs in."""

import subprocess
import sys

RAISED = """
import resource
from bench import machine
_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (256, {hard}))
machine.allow_open_files()
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def _limits(hard: int) -> list[int]:
    done = subprocess.run(
        [sys.executable, "-c", RAISED.format(hard=hard)],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    return [int(it) for it in done.stdout.split()]


def test_as_many_files_may_be_open_as_the_hard_limit_allows() -> None:
    assert _limits(600) == [600, 600]
