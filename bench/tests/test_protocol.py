"""What a measured program tells, and what its libraries write meanwhile, are kept apart."""

import asyncio
import sys
from pathlib import Path

import pytest

from bench import protocol

PROGRAM = """
import sys
from pathlib import Path
from bench import protocol
print('{"event": "a log line", "began": 1}')
print("a warning of some library")
protocol.tell(ready=True)
print("[1, 2]")
protocol.tell(began=1.5, ended=2.5)
"""


async def _started(program: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )


async def test_other_lines_are_no_message_and_go_to_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", ":".join(sys.path))
    child, log = await _started(PROGRAM), tmp_path / "program.log"

    told = [await protocol.read(child, log), await protocol.read(child, log)]
    with pytest.raises(protocol.Ended, match=r"program\.log"):
        await protocol.read(child, log)
    await child.wait()

    assert told == [{"ready": True}, {"began": 1.5, "ended": 2.5}]
    assert log.read_text().splitlines() == [
        '{"event": "a log line", "began": 1}',
        "a warning of some library",
        "[1, 2]",
    ]
