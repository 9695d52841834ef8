"""The sandbox as the process that the supervisor starts."""

import asyncio
import json
import signal
import socket
import sys
from pathlib import Path

import aiohttp


def a_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def started(*arguments: str) -> asyncio.subprocess.Process:
    pipes = {"stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.PIPE}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox", *arguments, **pipes
    )


async def test_it_is_ready_says_so_and_ends_at_sigterm_with_0(tmp_path: Path) -> None:
    port, file = a_free_port(), tmp_path / "sandbox.json"
    file.write_text(json.dumps({"stripe": {"secret_key": "sk_test_1"}}))
    process = await started("--port", str(port), "--config", str(file))
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), 20)
        assert line.decode().strip() == f"sandbox listens on http://127.0.0.1:{port}"
        async with aiohttp.ClientSession() as http:
            async with http.get(f"http://127.0.0.1:{port}/healthz") as response:
                assert response.status == 200
                told = await response.json()
                assert told == {"status": "ok", "parties": ["discord", "roblox", "stripe"]}
            process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(process.wait(), 10)
        assert process.returncode == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_it_says_why_it_cannot_start(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.json"
    file.write_text('{"stripe": {"colour": "red"}}')
    process = await started("--port", str(a_free_port()), "--config", str(file))
    _, stderr = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 1
    assert b"stripe knows no colour" in stderr

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = await started("--port", str(port))
        _, stderr = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 1
    assert str(port).encode() in stderr
