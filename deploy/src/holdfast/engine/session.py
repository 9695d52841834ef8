"""What `test --containers` does: an engine, its images, the tests on it, and nothing left."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import FrameType

from holdfast import reaper
from holdfast.console import err, fail
from holdfast.engine import NoEngine, private, programs
from holdfast.instance import Instance, checkout
from holdfast.servers import docker
from holdfast.state import lock

TESTS = "tests/containers"
_COMPOSE = ("docker", "compose", "--env-file=deploy/dev.env", "--profile=dev")
_TOLD = "HOLDFAST_TEST_CONTAINERS"
_GONE_WITHIN_S = 30.0


def run(arguments: Sequence[str], *, keep: bool) -> int:
    """Run the tests of containers; without an engine say why there is none, and end well."""
    try:
        given = _is_given()
    except NoEngine as lack:
        err.print(f"skipped: {lack}")
        return 0
    for signum in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, _end)
    home = Instance.named("containers").home
    home.mkdir(parents=True, exist_ok=True)
    with lock(home / "lock", wait=False) or nullcontext() as held:
        if held is None:
            fail("test --containers runs already in this checkout")
        tests = [sys.executable, "-m", "pytest", "-rs", "--durations=10", *(arguments or [TESTS])]
        code = _on_the_given(tests, home) if given else _on_our_own(tests, home, keep=keep)
        if code == 0 and not keep:
            shutil.rmtree(home)  # what failed leaves its logs
    return code


def _is_given() -> bool:
    """Whether an engine answers, or else one of our own can be had; raises NoEngine if neither."""
    if not docker.answers():
        programs.demand()
        return False
    asked = subprocess.run([*_COMPOSE[:2], "version"], capture_output=True, check=False)
    if asked.returncode:
        raise NoEngine("the Docker engine that answers has no `docker compose`")
    return True


def _on_the_given(tests: Sequence[str], home: Path) -> int:
    """Build our images with the engine that answers, which fetches the others itself."""
    subprocess.run([*_COMPOSE, "build"], cwd=checkout(), check=True)
    return _to_its_end(tests, {**os.environ, _TOLD: str(home)}, signal.SIGINT)


def _on_our_own(tests: Sequence[str], home: Path, *, keep: bool) -> int:
    with _engine_folder(home / "engine", keep=keep) as folder:
        programs.Programs(folder / "programs").unpack()
        build = [sys.executable, "-m", "holdfast.engine.images", str(folder)]
        environment = {
            **os.environ, _TOLD: str(home), "HOLDFAST_DOCKER": "on", reaper.MARK: str(folder),
        }  # fmt: skip
        for command, networks in ((build, False), (tests, True)):
            inside = private.command(folder, command, networks=networks)
            code = _to_its_end(["setpriv", "--pdeathsig=KILL", *inside], environment)
            if code:
                break
        return code


@contextmanager
def _engine_folder(folder: Path, *, keep: bool) -> Iterator[Path]:
    """The folder of an engine, which is removed at the end, whatever ends us."""
    remove(folder, keep=keep)  # of one whose guard was killed too
    folder.mkdir(exist_ok=True)
    script = 'read _ ; exec "$0" -m holdfast.engine.session "$@"'
    guard = subprocess.Popen(
        ["/bin/sh", "-c", script, sys.executable, str(folder), *(["keep"] if keep else [])],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield folder
    finally:
        remove(folder, keep=keep)
        guard.kill()
        guard.wait()


def _to_its_end(
    command: Sequence[str],
    environment: Mapping[str, str],
    ending: signal.Signals = signal.SIGKILL,
) -> int:
    """Run a command until it ends; if we end before, it is sent that signal."""
    child = subprocess.Popen(command, cwd=checkout(), env=environment)
    try:
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:  # the command hears it too and ends in its own way
                continue
    finally:
        child.send_signal(ending)
        child.wait()


def _end(signum: int, _: FrameType | None) -> None:
    sys.exit(128 + signum)


def remove(folder: Path, *, keep: bool) -> None:
    """End what is left of the engine and remove its files; those that it built from may be kept."""
    reaper.sweep(str(folder))
    if not keep:
        shutil.rmtree(folder, ignore_errors=True)  # as long as it takes
    ends = time.monotonic() + _GONE_WITHIN_S
    while left := _left(folder, keep=keep):
        if time.monotonic() > ends:
            raise RuntimeError(f"{', '.join(map(str, left))} could not be removed")
        time.sleep(0.1)


def _left(folder: Path, *, keep: bool) -> list[Path]:
    """What cannot be removed yet, because something in it still ends."""
    private.remove_groups(folder)
    if not keep:
        shutil.rmtree(folder, ignore_errors=True)
    wanted = [*private.groups(folder), *([] if keep else [folder])]
    return [it for it in wanted if it.exists()]


if __name__ == "__main__":
    remove(Path(sys.argv[1]), keep="keep" in sys.argv[2:])
