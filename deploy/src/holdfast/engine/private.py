"""Runs a command with a Docker engine of its own: `python -m holdfast.engine.private`.

It has to be the first process of new namespaces of processes, mounts and, where containers are to
have networks, of the network too (`command` says how). It sees the machine's files, but what it
writes to /run only it sees; and when it ends, however it ends, the kernel ends all that it started.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from holdfast.engine.programs import Programs

_SOCKET = "/run/docker.sock"
_PATIENCE_S = 60.0
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_CGROUPS = Path("/sys/fs/cgroup")


def command(folder: Path, wanted: Sequence[str], *, networks: bool) -> tuple[str, ...]:
    """The command line that runs the wanted one with an engine whose files are in the folder.

    With networks, containers have networks that the machine does not see, and none leads outside;
    without, they have the machine's own, to fetch packages when images are built.
    """
    return (
        "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
        *(("--net",) if networks else ()),
        sys.executable, "-m", __name__, *(("--networks",) if networks else ()),
        str(folder), *wanted,
    )  # fmt: skip


def remove_groups(folder: Path) -> None:
    """Remove the empty control groups of an engine that has ended."""
    for group in groups(folder):
        inner = (it for it in group.rglob("*") if it.is_dir())
        for it in (*sorted(inner, reverse=True), group):
            with contextlib.suppress(OSError):
                it.rmdir()


def groups(folder: Path) -> list[Path]:
    """The control groups of the engine whose files are, or were, in the folder."""
    return [*_CGROUPS.glob(_group(folder)), *_CGROUPS.glob(f"*/{_group(folder)}")]


def _group(folder: Path) -> str:
    return f"holdfast-{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"


def _keep_run_to_ourselves(folder: Path) -> None:
    """Lay a layer of our own over /run: the engine's sockets and locks go with the namespace."""
    memory = folder / "run"
    memory.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "holdfast", memory], check=True)
    upper, work = memory / "upper", memory / "work"
    upper.mkdir()
    work.mkdir()
    layers = f"lowerdir=/run,upperdir={upper},workdir={work}"
    subprocess.run(["mount", "-t", "overlay", "-o", layers, "holdfast", "/run"], check=True)


def _raise_loopback() -> None:
    """A new network namespace has its loopback interface down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(asked, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(asked, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))


@contextlib.contextmanager
def _engine(folder: Path, networks: bool) -> Iterator[None]:
    """An engine that answers; it is told to end with the block, and given time to."""
    programs = Programs(folder / "programs")
    options = [] if networks else ["--bridge=none", "--iptables=false", "--ip6tables=false"]
    with (folder / "dockerd.log").open("ab") as log:
        daemon = subprocess.Popen(
            ["dockerd", f"--data-root={folder / 'data'}", f"--host=unix://{_SOCKET}",
             f"--cgroup-parent=/{_group(folder)}", "--exec-opt=native.cgroupdriver=cgroupfs",
             *options],
            stdout=log, stderr=log, env={**os.environ, **programs.for_engine()},
            start_new_session=True,  # Ctrl-C is for the command, which still needs the engine
        )  # fmt: skip
        try:
            _wait_for(daemon, folder)
            yield
        finally:
            daemon.terminate()
            daemon.wait()


def _wait_for(daemon: subprocess.Popen[bytes], folder: Path) -> None:
    ends = time.monotonic() + _PATIENCE_S
    while subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        if daemon.poll() is not None or time.monotonic() > ends:
            said = (folder / "dockerd.log").read_text(encoding="utf-8").splitlines()[-3:]
            sys.exit("the Docker engine does not answer: " + "\n".join(said))
        time.sleep(0.2)


def _run(wanted: Sequence[str]) -> int:
    """Run the command to its end, and meanwhile bury whatever ends without parents."""
    child = subprocess.Popen(wanted)
    while True:
        with contextlib.suppress(KeyboardInterrupt):  # the command hears it too, and ends
            pid, status = os.waitpid(-1, 0)
            if pid == child.pid:
                return os.waitstatus_to_exitcode(status)


def main() -> int:
    """Set the engine up, run the command, end the engine."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--networks", action="store_true")
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("command", nargs=argparse.REMAINDER)
    given = arguments.parse_args()
    _keep_run_to_ourselves(given.folder)
    if given.networks:
        _raise_loopback()
    os.environ |= {**Programs(given.folder / "programs").for_clients(), "DOCKER_BUILDKIT": "1"}
    os.environ["DOCKER_HOST"] = f"unix://{_SOCKET}"
    with _engine(given.folder, given.networks):
        return _run(given.command)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):  # before the command runs, or after
        sys.exit(main())
    sys.exit(128 + signal.SIGINT)
