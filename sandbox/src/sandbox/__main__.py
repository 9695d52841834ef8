"""Run the sandbox: `python -m sandbox --port P --config FILE.json`."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from aiohttp import web

from sandbox.app import build_app
from sandbox.clock import Clock
from sandbox.config import BadConfig, Config, load
from sandbox.keeping import BadMemory, Keeper

LOOPBACK = "127.0.0.1"


async def serve(host: str, port: int, config: Config, data: Path | None) -> None:
    """Serve until SIGTERM or SIGINT, then close every connection and end."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    app = build_app(config, Clock.from_environment(), keeper=Keeper(data))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        print(f"sandbox listens on {config.base_url}", flush=True)
        await stopped.wait()
    finally:
        await runner.cleanup()


def main() -> int:
    """Read the arguments, serve, and say why when that is impossible."""
    parser = argparse.ArgumentParser(prog="sandbox", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--host", default=LOOPBACK, help="where to listen; a container says 0.0.0.0"
    )
    parser.add_argument("--base-url", default=None, help="how others reach it")
    parser.add_argument("--config", type=Path, default=None)
    parser.add_argument(
        "--data", type=Path, default=None, help="a folder that outlives the process"
    )
    arguments = parser.parse_args()
    try:
        base_url = arguments.base_url or f"http://{LOOPBACK}:{arguments.port}"
        config = load(arguments.config, base_url)
        asyncio.run(serve(arguments.host, arguments.port, config, arguments.data))
    except (BadConfig, BadMemory, OSError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
