"""An ordinary user's limit of open files is low: what is started may open more."""

import subprocess
import sys

import pytest

RAISED = """
import resource
from holdfast import limits
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
limits.allow_open_files()
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize("soft", [256, 600])
def test_as_many_files_may_be_open_as_the_hard_limit_allows(soft):
    done = subprocess.run(
        [sys.executable, "-c", RAISED.format(soft=soft, hard=600)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.split() == ["600", "600"]
