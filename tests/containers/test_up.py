"""`up` where an engine answers: the servers are containers, and `down` ends them in time."""

import shutil
import subprocess
import sys
import time

import pytest
from composed import docker, engine
from holdfast import reaper
from holdfast.instance import Instance

NO_ENGINE = engine()
pytestmark = [
    pytest.mark.skipif(NO_ENGINE is not None, reason=str(NO_ENGINE)),
    pytest.mark.xdist_group("containers"),
    pytest.mark.timeout(600),
]
STOPS_WITHIN_S = 20


def holdfast(instance, *words) -> str:
    command = [sys.executable, "-m", "holdfast.cli", "--instance", instance.name, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def ids(*words: str) -> set[str]:
    return set(docker(*words, "--quiet").split())


@pytest.fixture
def instance():
    containers, volumes = ids("ps", "--all"), ids("volume", "ls")
    made = Instance.named("containers-up")
    yield made
    holdfast(made, "down")
    for container in ids("ps", "--all") - containers:
        docker("rm", "--force", container)
    for volume in ids("volume", "ls") - volumes:
        docker("volume", "rm", volume)
    shutil.rmtree(made.home)


def test_up_runs_the_servers_as_containers_plays_a_trade_and_ends_in_time(instance):
    running, known = ids("ps"), ids("ps", "--all")

    told = holdfast(instance, "up")
    servers = ids("ps") - running
    traded = holdfast(instance, "demo")
    began = time.monotonic()
    holdfast(instance, "down")
    stopped_after = time.monotonic() - began

    assert "postgres-container" in told
    assert len(servers) == 3
    assert "RELEASED" in traded
    assert stopped_after < STOPS_WITHIN_S
    assert ids("ps") == running
    assert ids("ps", "--all") - known == servers  # kept for the next time, and no one beside them
    assert reaper.marked(instance.mark) == []
