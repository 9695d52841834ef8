"""Folders, secrets and ports of an instance."""

import os
import shutil
import socket
import stat
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from holdfast.credentials import credential
from holdfast.instance import BadInstanceName, Instance, is_traversable
from holdfast.ports import Ports, is_free


@pytest.mark.parametrize("name", ["venv", "cache", "../up", "", "UPPER", "a/b", "-x"])
def test_a_name_that_is_no_folder_of_its_own_is_refused(name, monkeypatch):
    monkeypatch.delenv("HOLDFAST_INSTANCE", raising=False)
    if not name:
        assert Instance.named(name).name == "default"
        return
    with pytest.raises(BadInstanceName, match="lower-case"):
        Instance.named(name)


def test_instances_share_neither_run_nor_secrets(tmp_path):
    one, two = Instance(tmp_path, "one"), Instance(tmp_path, "two")

    assert one.run != two.run
    assert credential(one, "postgres") != credential(two, "postgres")


def test_a_secret_stays_the_same_and_is_its_owners_alone(tmp_path):
    instance = Instance(tmp_path, "one")

    first = credential(instance, "postgres")

    assert credential(instance, "postgres") == first
    assert len(first) == 48
    assert stat.S_IMODE((instance.secrets / "postgres").stat().st_mode) == 0o600
    assert stat.S_IMODE(instance.secrets.stat().st_mode) == 0o700


def test_two_who_need_a_secret_at_once_get_the_same(tmp_path):
    instance = Instance(tmp_path, "one")

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: credential(instance, "postgres"), range(32)))

    assert len(found) == 1


def test_a_port_in_use_is_not_taken(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as busy:
        usual = busy.getsockname()[1]
        assert not is_free(usual)

        chosen = Ports(Instance(tmp_path)).get("gateway", usual)

    assert chosen != usual


def test_two_checkouts_never_get_the_same_port(tmp_path):
    usual = Ports(Instance(tmp_path / "probe")).get("x")
    one, two = Ports(Instance(tmp_path / "one")), Ports(Instance(tmp_path / "two"))

    assert one.get("gateway", usual) != two.get("gateway", usual)


def test_the_port_of_the_last_run_is_kept(tmp_path):
    last_run = Ports(Instance(tmp_path, "one"))
    known = {name: last_run.get(name) for name in ("gateway", "postgres", "rabbitmq")}
    last_run.release()

    this_run = Ports(Instance(tmp_path, "one"))

    assert {name: this_run.get(name) for name in known} == known


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to hand its servers to another user")
def test_roots_closed_checkout_keeps_its_data_where_servers_can_reach_them(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    data = Instance(closed, "one").data

    try:
        assert not is_traversable(closed)
        assert is_traversable(data)
    finally:
        shutil.rmtree(data.parent.parent)


@pytest.fixture
def spaced():
    """An instance of an open folder with a space in its name."""
    with tempfile.TemporaryDirectory(suffix=" with space") as folder:
        Path(folder).chmod(0o755)
        instance = Instance(Path(folder), "one")
        yield instance
        instance.outside.unlink(missing_ok=True)


def test_a_checkout_with_a_space_in_its_name_keeps_its_data_and_is_reached_without_it(spaced):
    assert " " not in str(spaced.data)
    assert spaced.data.resolve() == spaced.root / ".holdfast/one/data"
    assert spaced.data.is_dir()
    assert spaced.cache.resolve() == spaced.root / ".holdfast/cache"


def test_a_link_that_leads_elsewhere_is_not_followed(spaced, tmp_path):
    spaced.outside.symlink_to(tmp_path)

    with pytest.raises(PermissionError, match="leads elsewhere: remove it"):
        _ = spaced.data
