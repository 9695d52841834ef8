"""Small processes under the supervisor: order, health, healing, and nothing left behind."""

import asyncio
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from holdfast import leases, ports, probes, reaper
from holdfast.instance import Instance
from holdfast.limits import ENOUGH_FILES
from holdfast.process import Plan, Process, Step
from holdfast.state import State, Status, load
from holdfast.supervisor import StartFailed, Supervisor, overrides

SERVER = """
import http.server, os, sys
print("hello from", os.environ.get("COLOUR"), flush=True)
handler = http.server.SimpleHTTPRequestHandler
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), handler).serve_forever()
"""
WAIT_S = 60


@pytest.fixture
def instance(tmp_path):
    made = Instance(tmp_path, "box")
    yield made
    reaper.sweep(made.mark)


def a_server(instance, name, before="", **more):
    port = ports.Ports(instance).get(name)
    more.setdefault("ready", probes.http(f"http://127.0.0.1:{port}/"))
    return Process(name, (sys.executable, "-c", before + SERVER, str(port)), port=port, **more)


class Running:
    def __init__(self, instance, *nodes):
        self.state = State(plan="test")
        self.stop = asyncio.Event()
        self.supervisor = Supervisor(instance, Plan(nodes), self.state)
        self.task = asyncio.create_task(self.supervisor.run(self.stop))

    async def until(self, condition):
        async with asyncio.timeout(WAIT_S):
            while not condition(self.state):
                assert not self.task.done(), self.task
                await asyncio.sleep(0.02)

    async def ready(self):
        await self.until(lambda state: state.status is Status.READY)

    async def end(self):
        self.stop.set()
        await self.task


async def test_each_starts_only_when_its_predecessors_are_ready(instance):
    seen = []

    def noted(name):
        async def note():
            seen.append(name)

        return note

    first = Step("first", noted("first"))
    server = a_server(instance, "server", after=("first",))
    last = Step("last", noted("last"), after=("server",))
    running = Running(instance, last, server, first)

    await running.ready()
    await running.end()

    assert seen == ["first", "last"]
    assert running.state.status is Status.STOPPED


LOADER = """
import os, pathlib, sys
pathlib.Path("loaded").touch()
sys.stdin.read()
assert pathlib.Path("allowed").exists(), "it ran before its predecessor was ready"
"""


async def test_what_loads_early_runs_when_its_predecessors_are_ready_and_after_each_restart(
    instance, tmp_path
):
    async def allow():
        async with asyncio.timeout(WAIT_S):
            while not (tmp_path / "loaded").exists():
                await asyncio.sleep(0.02)
        (tmp_path / "allowed").touch()

    early = a_server(
        instance, "early", before=LOADER, folder=tmp_path, after=("first",), loads_early=True
    )
    running = Running(instance, Step("first", allow), early)
    await running.ready()

    killed = running.state.processes["early"].pid
    os.kill(killed, signal.SIGKILL)
    await running.until(lambda state: state.processes["early"].restarts == 1)
    await running.until(lambda state: state.processes["early"].ready)
    assert running.state.processes["early"].pid != killed
    await running.end()


async def test_what_loads_early_ends_when_its_predecessor_fails(instance, tmp_path):
    pids = []

    async def fail():
        async with asyncio.timeout(WAIT_S):
            while not (tmp_path / "loaded").exists():
                await asyncio.sleep(0.02)
        pids.append(running.state.processes["early"].pid)
        raise ValueError("no server")

    early = a_server(
        instance, "early", before=LOADER, folder=tmp_path, after=("first",), loads_early=True
    )
    running = Running(instance, Step("first", fail), early)

    with pytest.raises(StartFailed, match="no server"):
        await running.task

    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


async def test_the_state_file_tells_pid_port_and_readiness(instance):
    running = Running(instance, a_server(instance, "server"))
    await running.ready()

    told = load(instance).processes["server"]

    assert told.ready
    assert told.port == running.state.ports["server"]
    assert oct(instance.state_file.stat().st_mode)[-3:] == "600"
    os.kill(told.pid, 0)
    await running.end()
    assert load(instance).processes["server"].pid is None


async def test_a_process_may_open_as_many_files_as_the_system_allows(instance):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 512), hard))
    try:
        running = Running(instance, a_server(instance, "server"))
        await running.ready()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    pid = load(instance).processes["server"].pid
    allowed, _ = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    await running.end()

    assert allowed == (ENOUGH_FILES if hard == resource.RLIM_INFINITY else min(hard, ENOUGH_FILES))


async def test_a_process_that_dies_before_it_is_ready_fails_at_once_with_its_last_words(instance):
    program = "import sys; sys.exit('no such colour')"
    broken = Process("broken", (sys.executable, "-c", program), probes.tcp(1))
    running = Running(instance, a_server(instance, "server"), broken)

    with pytest.raises(StartFailed, match=r"(?s)broken ended with 1.*no such colour"):
        await asyncio.wait_for(running.task, WAIT_S)

    assert "no such colour" in load(instance).error
    assert reaper.marked(instance.mark) == []


async def test_a_process_that_is_never_ready_is_given_up(instance):
    deaf = Process("deaf", ("sleep", "60"), probes.tcp(1), start_timeout_s=0.3)

    with pytest.raises(StartFailed, match=r"deaf not ready in 0\.3 s"):
        await asyncio.wait_for(Running(instance, deaf).task, WAIT_S)

    assert reaper.marked(instance.mark) == []


async def test_a_failed_step_fails_the_start_with_its_reason(instance):
    async def fail():
        raise ValueError("the schema is odd")

    with pytest.raises(StartFailed, match="tables: the schema is odd"):
        await asyncio.wait_for(Running(instance, Step("tables", fail)).task, WAIT_S)


async def test_a_killed_process_is_started_again(instance):
    running = Running(instance, a_server(instance, "server"))
    await running.ready()
    old = running.state.processes["server"].pid

    os.kill(old, signal.SIGKILL)
    await running.until(lambda state: not state.processes["server"].ready)
    await running.until(lambda state: state.processes["server"].ready)

    assert running.state.processes["server"].pid != old
    assert running.state.processes["server"].restarts == 1
    await running.end()


async def test_an_override_holds_from_the_next_start_on(instance):
    running = Running(instance, a_server(instance, "server", environment={"COLOUR": "red"}))
    await running.ready()
    overrides(instance).mkdir()
    (overrides(instance) / "server.json").write_text('{"COLOUR": "blue"}')

    os.kill(running.state.processes["server"].pid, signal.SIGKILL)
    await running.until(lambda state: state.processes["server"].restarts == 1)
    await running.until(lambda state: state.processes["server"].ready)
    await running.end()

    said = (instance.log / "server.log").read_text()
    assert said.index("hello from red") < said.index("hello from blue")


async def test_one_that_ignores_its_stop_signal_is_killed(instance):
    stubborn = "import signal; signal.signal(15, signal.SIG_IGN); signal.pause()"
    process = Process("stubborn", (sys.executable, "-c", stubborn), _at_once, stop_timeout_s=0.3)
    running = Running(instance, process)
    await running.ready()

    await asyncio.wait_for(running.end(), WAIT_S)

    assert reaper.marked(instance.mark) == []


async def test_a_grandchild_that_left_its_session_is_found_by_its_mark(instance):
    running = Running(
        instance, Process("p", ("sh", "-c", "setsid sleep 300 & sleep 300"), _at_once)
    )
    await running.ready()
    async with asyncio.timeout(WAIT_S):
        while len(reaper.marked(instance.mark)) < 3:
            await asyncio.sleep(0.02)

    await running.end()

    assert reaper.marked(instance.mark) == []


async def _at_once():
    return True


def test_a_plan_that_repeats_a_name_or_waits_for_nobody_is_refused():
    async def nothing():
        return None

    with pytest.raises(ValueError, match="repeats"):
        Plan((Step("a", nothing), Step("a", nothing)))
    with pytest.raises(ValueError, match="ghost"):
        Plan((Step("a", nothing, after=("ghost",)),))


GUARDED = """
import os, subprocess, sys, time
from pathlib import Path
from holdfast import reaper
from holdfast.instance import Instance
from holdfast.supervise import guard
instance = Instance(Path(sys.argv[1]), "box")
reaper.note(instance.mark, [instance.home / "left.sock"])
(instance.home / "left.sock").touch()
with guard(instance):
    marked = {**os.environ, "HOLDFAST_MARK": instance.mark}
    for _ in range(2):
        subprocess.Popen(["setsid", "sleep", "300"], env=marked)
    print("up", flush=True)
    time.sleep(300)
"""


def test_killing_the_supervisor_ends_all_it_had_started(instance):
    child = subprocess.Popen(
        [sys.executable, "-c", GUARDED, str(instance.root)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline() == "up\n"
    eventually(lambda: len(reaper.marked(instance.mark)) == 2)

    child.kill()
    child.wait()
    child.stdout.close()

    eventually(lambda: reaper.marked(instance.mark) == [])
    eventually(lambda: not (instance.home / "left.sock").exists())


def test_another_instances_processes_are_left_alone(instance, tmp_path):
    other = subprocess.Popen(
        ["sleep", "60"], env={**os.environ, "HOLDFAST_MARK": f"{instance.mark}x"}
    )
    try:
        assert reaper.sweep(instance.mark) == 0
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


async def test_an_instance_ends_when_its_last_user_is_gone(instance):
    lease = leases.take(instance)
    stop = asyncio.Event()
    watch = asyncio.create_task(leases.watch(instance, 0.1, stop))
    await asyncio.sleep(0.3)
    assert not stop.is_set()

    leases.release(lease)

    await asyncio.wait_for(stop.wait(), WAIT_S)
    await watch


def test_the_lease_of_a_dead_process_does_not_count(instance):
    dead = subprocess.Popen(["true"])
    dead.wait()
    leases.release(leases.take(instance))
    (instance.run / "leases" / str(dead.pid)).write_text("123")

    assert leases.holders(instance) == []


def eventually(condition):
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


async def test_what_a_process_makes_outside_of_its_folder_is_removed_with_it(instance, tmp_path):
    left = tmp_path / "left.sock"
    server = a_server(instance, "server", f"open({str(left)!r}, 'w').close()\n", leaves=(left,))
    running = Running(instance, server)
    await running.ready()
    environment = Path(f"/proc/{running.state.processes['server'].pid}/environ").read_bytes()
    assert left.exists()

    await running.end()

    assert not left.exists()
    assert f"HOME={instance.run}".encode() in environment.split(b"\0")
