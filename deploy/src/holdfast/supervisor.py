"""Brings a plan up in order, keeps it up, and takes it down leaving nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from holdfast import reaper
from holdfast.instance import Instance
from holdfast.process import Node, Plan, Process, Step, prepare_child
from holdfast.state import ProcessState, State, Status

_POLL_S = 0.05
_BACKOFF_FIRST_S = 0.2
_BACKOFF_LAST_S = 5.0
_STEADY_S = 10.0
_LOG_TAIL_LINES = 15
_INHERITED = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")


class StartFailed(RuntimeError):
    """A process or step did not come up; the text holds the end of its log."""


@dataclass(slots=True)
class Supervisor:
    """Runs one plan for one instance."""

    instance: Instance
    plan: Plan
    state: State
    _ready: dict[str, asyncio.Event] = field(default_factory=dict)
    _running: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Write the plan into the state, so that clients see what to expect."""
        self.state.urls = dict(self.plan.urls)
        self.state.secrets = dict(self.plan.secrets)
        for node in self.plan.nodes:
            self._ready[node.name] = asyncio.Event()
            self.state.processes[node.name] = ProcessState()
            if isinstance(node, Process):
                self._describe(node)
        processes = [node for node in self.plan.nodes if isinstance(node, Process)]
        reaper.note(self.instance.mark, [path for it in processes for path in it.leaves])
        self._save()

    async def run(self, stop: asyncio.Event) -> None:
        """Bring everything up, keep it up until `stop` is set, take it down in reverse order."""
        keepers = {node.name: asyncio.create_task(self._keep(node)) for node in self.plan.nodes}
        try:
            if await self._all_ready(keepers, stop):
                self._move(Status.READY)
                await self._until(stop, keepers)
        except StartFailed as failure:
            self.state.error = str(failure)
            raise
        finally:
            self._move(Status.STOPPING)
            for keeper in keepers.values():
                keeper.cancel()
            await asyncio.gather(*keepers.values(), return_exceptions=True)
            await self._stop_all()
            self._move(Status.FAILED if self.state.error else Status.STOPPED)

    async def _all_ready(
        self, keepers: Mapping[str, asyncio.Task[None]], stop: asyncio.Event
    ) -> bool:
        async def every() -> None:
            for event in self._ready.values():
                await event.wait()

        arrival = asyncio.create_task(every())
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait(
                {arrival, stopped, _first_failure(keepers)}, return_when=asyncio.FIRST_COMPLETED
            )
            _raise_failure(keepers)
            return not stop.is_set()
        finally:
            arrival.cancel()
            stopped.cancel()

    async def _until(self, stop: asyncio.Event, keepers: Mapping[str, asyncio.Task[None]]) -> None:
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({stopped, _first_failure(keepers)}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        _raise_failure(keepers)

    async def _keep(self, node: Node) -> None:
        if isinstance(node, Process) and node.loads_early:
            await self._start(node, asyncio.subprocess.PIPE)
        for name in node.after:
            await self._ready[name].wait()
        self.state.processes[node.name].started = True
        self._save()
        if isinstance(node, Step):
            await self._do(node)
        else:
            await self._keep_alive(node)

    async def _do(self, step: Step) -> None:
        try:
            await step.run()
        except Exception as failure:
            raise StartFailed(f"{step.name}: {failure}") from failure
        self._mark_ready(step.name)

    async def _keep_alive(self, process: Process) -> None:
        if process.name not in self._running:
            await self._start(process)
        elif gate := self._running[process.name].stdin:
            gate.close()
        await self._until_ready(process)
        backoff_s = _BACKOFF_FIRST_S
        while True:
            since = time.monotonic()
            await self._running[process.name].wait()
            if time.monotonic() - since > _STEADY_S:
                backoff_s = _BACKOFF_FIRST_S
            self._describe(process).ready = False
            self.state.processes[process.name].restarts += 1
            self._save()
            _kill_group(self._running[process.name].pid)
            await asyncio.sleep(backoff_s)
            backoff_s = min(backoff_s * 2, _BACKOFF_LAST_S)
            await self._start(process)
            with contextlib.suppress(StartFailed):
                await self._until_ready(process)

    async def _start(self, process: Process, stdin: int = asyncio.subprocess.DEVNULL) -> None:
        user = process.user
        with self._log(process).open("ab") as log:
            child = await asyncio.create_subprocess_exec(
                *process.command,
                env=_environment(self.instance, process),
                cwd=process.folder or self.instance.root,
                stdin=stdin,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=prepare_child,
                user=user,
                group=user,
                extra_groups=None if user is None else (),
            )
        self._running[process.name] = child
        self._describe(process).pid = child.pid
        self._save()

    async def _until_ready(self, process: Process) -> None:
        child = self._running[process.name]
        deadline = time.monotonic() + process.start_timeout_s
        while not await process.ready():
            if child.returncode is not None:
                raise StartFailed(self._why(process, f"ended with {child.returncode}"))
            if time.monotonic() > deadline:
                _kill_group(child.pid)
                raise StartFailed(self._why(process, f"not ready in {process.start_timeout_s} s"))
            await asyncio.sleep(_POLL_S)
        self._mark_ready(process.name)

    async def _stop_all(self) -> None:
        for level in reversed(list(_levels(self.plan.nodes))):
            await asyncio.gather(*(self._stop(it) for it in level if isinstance(it, Process)))
        await asyncio.to_thread(reaper.clear, self.instance.mark)

    async def _stop(self, process: Process) -> None:
        child = self._running.get(process.name)
        if child is None:
            return
        if child.returncode is None:
            child.send_signal(process.stop_signal)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(child.wait(), process.stop_timeout_s)
        _kill_group(child.pid)
        self._describe(process).ready = False
        self.state.processes[process.name].pid = None
        self._save()

    def _why(self, process: Process, what: str) -> str:
        log = self._log(process)
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        tail = "\n".join(lines[-_LOG_TAIL_LINES:])
        return f"{process.name} {what}; the end of {log}:\n{tail}"

    def _log(self, process: Process) -> Path:
        return self.instance.log / f"{process.name}.log"

    def _describe(self, process: Process) -> ProcessState:
        seen = self.state.processes[process.name]
        seen.port, seen.log = process.port, str(self._log(process))
        if process.port:
            self.state.ports[process.name] = process.port
        return seen

    def _mark_ready(self, name: str) -> None:
        self._ready[name].set()
        self.state.processes[name].ready = True
        self._save()

    def _move(self, status: Status) -> None:
        self.state.status = status
        self._save()

    def _save(self) -> None:
        self.state.save(self.instance.state_file)


def _environment(instance: Instance, process: Process) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    home = str(instance.run)  # what libraries keep in a person's folders they keep here
    own = {"HOME": home, **inherited, reaper.MARK: instance.mark, **process.environment}
    try:
        added = (overrides(instance) / f"{process.name}.json").read_text(encoding="utf-8")
    except FileNotFoundError:
        return own
    return {**own, **json.loads(added)}


def overrides(instance: Instance) -> Path:
    """The folder of `<process>.json` files: environment added from the process's next start on."""
    return instance.run / "overrides"


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _levels(nodes: tuple[Node, ...]) -> Iterator[list[Node]]:
    """Group the nodes so that each stands after everything it waits for."""
    done: set[str] = set()
    left = list(nodes)
    while left:
        level = [node for node in left if done.issuperset(node.after)]
        if not level:
            raise ValueError(f"the plan waits in a circle: {[node.name for node in left]}")
        yield level
        done.update(node.name for node in level)
        left = [node for node in left if node.name not in done]


def _first_failure(keepers: Mapping[str, asyncio.Task[None]]) -> asyncio.Task[None]:
    async def watch() -> None:
        pending = set(keepers.values())
        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            if any(not it.cancelled() and it.exception() for it in done):
                return

    return asyncio.create_task(watch())


def _raise_failure(keepers: Mapping[str, asyncio.Task[None]]) -> None:
    for keeper in keepers.values():
        if keeper.done() and not keeper.cancelled():
            keeper.result()
