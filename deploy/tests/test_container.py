"""A container under the supervisor, where a Docker engine answers and has an image of ours."""

import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from holdfast.servers import docker

IMAGE = docker.POSTGRES_IMAGE


@pytest.fixture
def container() -> Iterator[Any]:
    if not docker.answers():
        pytest.skip("no Docker engine answers")
    import docker as engine_of

    engine = engine_of.from_env()
    if not engine.images.list(IMAGE):
        pytest.skip(f"the engine has no image {IMAGE}")
    made = engine.containers.create(
        IMAGE, name=f"holdfast-test-{uuid.uuid4().hex[:8]}",
        environment={"POSTGRES_PASSWORD": "of-a-test"},
    )  # fmt: skip
    yield made
    made.remove(force=True, v=True)


def test_a_container_runs_as_long_as_its_process_and_is_stopped_with_it(container):
    command = [sys.executable, "-m", "holdfast.servers.container", container.name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        assert any(b"ready to accept connections" in line for line in process.stdout)
        process.send_signal(signal.SIGTERM)
        process.stdout.read()

    container.reload()
    assert (process.returncode, container.status) == (0, "exited")
