"""Commands where something is wrong: each says what, and what to do next."""

import os
import signal
import subprocess
import sys
import time

import pytest
from holdfast import daemon, plan, reaper
from holdfast.instance import Instance, checkout

pytestmark = pytest.mark.xdist_group("commands")
WAIT_S = 120


def command(instance, *words):
    return [sys.executable, "-m", "holdfast.cli", "--instance", instance.name, *words]


def run(instance, *words):
    return subprocess.run(
        command(instance, *words), capture_output=True, text=True, timeout=WAIT_S, check=False,
        env={**os.environ, "HOLDFAST_ROOT": str(checkout()), "COLUMNS": "200"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def instance():
    made = Instance.named(f"commands-{os.getpid()}")
    yield made
    daemon.stop(made)
    assert reaper.marked(made.mark) == []


@pytest.fixture
def running(instance):
    daemon.ensure(instance, plan.S3)
    return instance


BROKEN = ["", "{", "[]", '{"plan": "s3"}', '{"plan": "s3", "processes": {"x": {"colour": 1}}}']


def test_a_broken_state_file_is_told_and_down_does_without_it(running):
    told = []
    for text in BROKEN:
        running.state_file.write_text(text)
        told.append(run(running, "status"))
    told += [run(running, words) for words in ("up", "doctor")]
    ended = run(running, "down")

    for it in told:
        assert it.returncode == 1
        assert "state.json is broken" in it.stderr
        assert "./holdfast down" in it.stderr
        assert "Traceback" not in it.stderr
    assert ended.returncode == 0
    assert "stopped" in ended.stderr
    assert reaper.marked(running.mark) == []


def test_a_broken_state_file_of_what_runs_no_more_is_no_obstacle(instance):
    daemon.stop(instance)
    instance.state_file.write_text("{")

    status, down = run(instance, "status"), run(instance, "down")

    assert status.returncode == 1
    assert "not running; start it with ./holdfast up" in status.stderr
    assert "nothing was running" in down.stderr
    assert daemon.ensure(instance, plan.S3).processes["seaweedfs"].ready


def test_doctor_knows_that_it_runs_already(running):
    said = run(running, "doctor")

    assert said.returncode == 0, said.stdout
    assert "it runs already (ready)" in said.stderr
    assert "./holdfast up" not in said.stderr
    assert "ours: seaweedfs" in said.stdout


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_demo_that_is_ended_leaves_nothing_running(how):
    instance = Instance.named(f"demo-{os.getpid()}")
    playing = subprocess.Popen(
        command(instance, "demo"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + WAIT_S
    try:
        while len(reaper.marked(instance.mark)) < 3:
            assert time.monotonic() < deadline
            assert playing.poll() is None
            time.sleep(0.1)
        playing.send_signal(how)
        code = playing.wait(WAIT_S)
        if how is not signal.SIGKILL:
            assert code == 128 + how
            assert daemon.supervisor_pid(instance) is None
        while daemon.supervisor_pid(instance) or reaper.marked(instance.mark):
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        playing.kill()
        playing.wait()
        daemon.stop(instance)


def test_clean_says_what_it_freed_and_leaves_what_runs_and_what_is_the_users(tmp_path):
    tmp_path.chmod(0o755)
    old, own = Instance(tmp_path, "old"), Instance(tmp_path)
    _ = old.run
    (old.log / "x.log").write_bytes(b"x" * 3_000_000)
    (own.secrets / "stripe").write_text("kept")
    (own.run / "state.json").write_text("{}")

    done = clean(tmp_path)
    again = clean(tmp_path)

    assert done.returncode == 0, done.stderr
    assert str(old.home) in done.stdout.replace("\n", "")
    assert "freed 2.9 MB" in done.stderr
    assert not (tmp_path / ".holdfast/old").exists()
    assert (own.secrets / "stripe").read_text() == "kept"
    assert "nothing to remove" in again.stderr


def test_clean_removes_what_an_earlier_version_or_uv_fetched(tmp_path):
    cache = tmp_path / ".holdfast/cache"
    for name in ("uv/simple", "rabbitmq/usr", "rabbitmq-4/usr"):
        (cache / name).mkdir(parents=True)
        (cache / name / "file").write_bytes(b"x" * 2_000_000)

    done = clean(tmp_path)

    assert done.returncode == 0, done.stderr
    assert "freed 3.8 MB" in done.stderr
    assert [it.name for it in cache.iterdir()] == ["rabbitmq-4"]


def test_clean_removes_the_sockets_of_one_that_was_killed_with_its_guard(tmp_path):
    own, socket = Instance(tmp_path), tmp_path / "left.sock"
    _ = own.run
    reaper.note(own.mark, [socket, tmp_path / "never-made.sock"])
    socket.touch()

    done = clean(tmp_path)

    assert done.returncode == 0, done.stderr
    assert not socket.exists()


def test_clean_all_leaves_nothing(tmp_path):
    own = Instance(tmp_path)
    (own.secrets / "stripe").write_text("x")
    _ = own.data

    done = clean(tmp_path, "--all")

    assert done.returncode == 0, done.stderr
    assert list((tmp_path / ".holdfast").iterdir()) == []
    assert not own.outside.exists()


def test_clean_all_is_refused_while_something_runs(running):
    done = run(running, "clean", "--all")

    assert done.returncode == 1
    assert f"./holdfast --instance {running.name} down" in done.stderr
    assert daemon.running(running) is not None


def clean(root, *words):
    return subprocess.run(
        [sys.executable, "-m", "holdfast.cli", "clean", *words],
        capture_output=True, text=True, timeout=WAIT_S, check=False,
        env={**os.environ, "HOLDFAST_ROOT": str(root), "COLUMNS": "300"},
    )  # fmt: skip
