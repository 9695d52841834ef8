"""A private SeaweedFS: object lock, encryption at rest, and what a kill leaves of it."""

import hashlib
import json
import os
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import time
from pathlib import Path

import httpx
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from holdfast import daemon, plan, reaper
from holdfast.instance import Instance
from holdfast.s3_bucket import BucketRefused, Storage, ensure_bucket
from holdfast.servers import seaweedfs

pytestmark = pytest.mark.xdist_group("storage")
WAIT_S = 60
PARTS = ("master", "volume", "filer")
# What a gRPC client says first, and the frame (of type 4) that only a gRPC server answers it.
GRPC_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5)
SETTINGS = 4


@pytest.fixture(scope="module")
def running():
    instance = Instance.named(f"storage-{os.getpid()}")
    state = daemon.ensure(instance, plan.S3)
    yield instance, state
    sockets = sockets_of(instance)
    assert all(it.is_socket() for it in sockets)
    daemon.stop(instance)
    assert reaper.marked(instance.mark) == []
    assert not any(it.exists() for it in sockets)


def sockets_of(instance):
    named = json.loads((instance.run / "ports.json").read_text())
    return [
        Path(f"/tmp/seaweedfs-{it}-grpc-{named[f'seaweedfs-{it}-grpc']}.sock")
        for it in (*PARTS, "s3")
    ]


def test_a_killed_supervisor_leaves_no_socket():
    instance = Instance.named(f"killed-{os.getpid()}")
    try:
        state = daemon.ensure(instance, plan.S3)
        assert all(it.is_socket() for it in sockets_of(instance))

        os.kill(state.pid, signal.SIGKILL)

        deadline = time.monotonic() + WAIT_S
        while any(it.exists() for it in sockets_of(instance)) or reaper.marked(instance.mark):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        daemon.stop(instance)
        shutil.rmtree(instance.home)


def test_the_server_writes_no_log_into_the_temporary_folder(running):
    instance = running[0]
    pid = daemon.running(instance).processes["seaweedfs"].pid

    logs = list(Path("/tmp").glob(f"weed.*.{pid}"))

    assert "Start Seaweed" in (instance.log / "seaweedfs.log").read_text()
    assert logs == []


@pytest.fixture(scope="module")
def storage(running):
    urls = running[1].urls
    return Storage(urls["s3"], urls["s3_access_key"], urls["s3_secret_key"])


def put(storage, path, body, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = AWSRequest("PUT", f"{storage.endpoint}{path}", headers=named, data=body)
    signer = S3SigV4Auth(Credentials(storage.access_key, storage.secret_key), "s3", "us-east-1")
    signer.add_auth(request)
    return httpx.put(
        request.url, headers=dict(request.headers.items()), content=body, trust_env=False
    )


def locked_until_tomorrow():
    tomorrow = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86_400))
    return {
        "x_amz_object_lock_mode": "COMPLIANCE",
        "x_amz_object_lock_retain_until_date": tomorrow,
    }


def version_of(storage, path):
    return storage.ask("HEAD", path).headers["x-amz-version-id"]


def test_making_the_bucket_twice_is_making_it_once(storage):
    ensure_bucket(storage, "twice")
    ensure_bucket(storage, "twice")

    assert "Enabled" in storage.ask("GET", "/twice?object-lock").text


def test_a_bucket_without_object_lock_is_refused(storage):
    assert storage.ask("PUT", "/open").status_code == 200

    with pytest.raises(BucketRefused, match="no object lock"):
        ensure_bucket(storage, "open")


def test_a_locked_document_cannot_be_removed(storage):
    ensure_bucket(storage, "kept")
    assert put(storage, "/kept/a.pdf", b"%PDF", **locked_until_tomorrow()).status_code == 200

    version = version_of(storage, "/kept/a.pdf")

    assert storage.ask("DELETE", f"/kept/a.pdf?versionId={version}").status_code == 403


def test_the_server_encrypts_what_it_stores(storage, running):
    ensure_bucket(storage, "sealed")
    secret = hashlib.sha256(b"a deal").hexdigest().encode()

    answer = put(storage, "/sealed/terms", secret, x_amz_server_side_encryption="AES256")

    assert answer.status_code == 200
    assert storage.ask("GET", "/sealed/terms").content == secret
    files = [it for it in (running[0].data / "seaweedfs").rglob("*") if it.is_file()]
    assert not any(secret in it.read_bytes() for it in files)


def test_what_was_stored_survives_a_kill(storage, running):
    ensure_bucket(storage, "durable")
    assert put(storage, "/durable/terms", b"4300.00", **locked_until_tomorrow()).status_code == 200
    instance, _ = running
    before = daemon.running(instance).processes["seaweedfs"]

    os.kill(before.pid, signal.SIGKILL)

    deadline = time.monotonic() + WAIT_S
    while True:
        now = daemon.running(instance).processes["seaweedfs"]
        if now.pid != before.pid and now.ready:
            break
        assert time.monotonic() < deadline
        time.sleep(0.05)
    # It answers before it has found all its volumes again: 500 until then, never other bytes.
    while (read := storage.ask("GET", "/durable/terms")).status_code == 500:
        assert time.monotonic() < deadline, read.text
        time.sleep(0.1)
    assert read.content == b"4300.00"
    version = version_of(storage, "/durable/terms")
    assert storage.ask("DELETE", f"/durable/terms?versionId={version}").status_code == 403


def test_another_key_opens_nothing(storage):
    stranger = Storage(storage.endpoint, storage.access_key, "0" * 48)

    assert stranger.ask("GET", "/kept/a.pdf").status_code == 403


def ports(running):
    return json.loads((running[0].run / "ports.json").read_text())


@pytest.fixture(scope="module")
def locked(storage):
    """A locked document, and what the storage answers who may read it."""
    ensure_bucket(storage, "guarded")
    put(storage, "/guarded/terms", b"4300.00", **locked_until_tomorrow())
    return f"/guarded/terms?versionId={version_of(storage, '/guarded/terms')}"


# Each of these told, wrote or removed something for anybody.
ASKED = [
    ("filer", "GET", "/buckets/guarded/"),
    ("filer", "GET", "/buckets/guarded/terms.versions/"),
    ("filer", "PUT", "/buckets/guarded/forged"),
    ("filer", "DELETE", "/buckets/guarded?recursive=true"),
    ("filer", "GET", "/?proxyChunkId=1,01637037d6"),
    ("master", "GET", "/dir/status"),
    ("master", "GET", "/dir/assign"),
    ("master", "GET", "/col/delete?collection=guarded"),
    ("master", "POST", "/submit"),
    ("volume", "GET", "/status"),
    ("volume", "GET", "/1,01637037d6"),
    ("volume", "DELETE", "/1,01637037d6"),
]


@pytest.mark.parametrize(("part", "method", "path"), ASKED)
def test_no_part_of_the_storage_answers_without_its_certificate(
    running, storage, locked, part, method, path
):
    port = ports(running)[f"seaweedfs-{part}"]

    assert turned_away(method, f"http://127.0.0.1:{port}{path}")
    assert turned_away(method, f"https://127.0.0.1:{port}{path}")
    assert storage.ask("GET", locked).content == b"4300.00"


def turned_away(method, url):
    """Whether the connection ends before the request is looked at."""
    stranger = ssl.create_default_context()
    stranger.check_hostname, stranger.verify_mode = False, ssl.CERT_NONE
    try:
        answer = httpx.request(method, url, trust_env=False, verify=stranger)
    except httpx.TransportError:
        return True
    return answer.status_code == 400 and "HTTP request to an HTTPS server" in answer.text


def answers_grpc(door):
    with door:
        door.settimeout(5)
        door.sendall(GRPC_GREETING)
        try:
            return len(said := door.recv(9)) > 3 and said[3] == SETTINGS
        except OSError:
            return False


def test_no_port_or_socket_speaks_grpc_with_a_stranger(running):
    named = ports(running)
    for part in (*PARTS, "s3"):
        port = named[f"seaweedfs-{part}-grpc"]
        assert not answers_grpc(socket.create_connection(("127.0.0.1", port))), part
        local = socket.socket(socket.AF_UNIX)
        local.connect(f"/tmp/seaweedfs-{part}-grpc-{port}.sock")
        assert not answers_grpc(local), part


def test_the_storages_own_shell_cannot_look_or_remove_without_the_certificate(
    running, storage, locked
):
    named = ports(running)
    master, files = (
        f"127.0.0.1:{named[f'seaweedfs-{it}']}.{named[f'seaweedfs-{it}-grpc']}"
        for it in ("master", "filer")
    )
    words = [str(seaweedfs.find_weed()), "shell", f"-master={master}", f"-filer={files}"]
    shell = subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={"PATH": os.environ["PATH"], "HOME": str(running[0].run)}, text=True,
    )  # fmt: skip
    try:
        said, _ = shell.communicate("fs.ls /buckets\nfs.rm -r /buckets/guarded\n", timeout=15)
    except subprocess.TimeoutExpired:  # it asks for its master again and again
        shell.kill()
        said, _ = shell.communicate()

    assert "guarded" not in said.replace("/buckets/guarded", "")
    assert storage.ask("GET", locked).content == b"4300.00"


def test_the_sockets_without_tls_lie_where_only_the_server_comes(running):
    folder = running[0].data / "seaweedfs"

    assert {it.name for it in folder.glob("*.sock")} == {"filer.sock", "s3.sock"}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_key_of_the_certificate_is_its_owners_alone(running):
    assert stat.S_IMODE((running[0].secrets / "s3-tls-key").stat().st_mode) == 0o600


def test_with_the_key_of_the_service_s3_writes_reads_and_removes(storage):
    ensure_bucket(storage, "daily")

    assert put(storage, "/daily/draft", b"v1").status_code == 200
    assert storage.ask("GET", "/daily/draft").content == b"v1"
    version = version_of(storage, "/daily/draft")
    assert storage.ask("DELETE", f"/daily/draft?versionId={version}").status_code == 204
    assert storage.ask("GET", f"/daily/draft?versionId={version}").status_code == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_s3_itself_does_nothing_for_who_has_no_key(storage, locked, method):
    answer = httpx.request(method, f"{storage.endpoint}{locked}", trust_env=False)

    assert answer.status_code == 403
    assert storage.ask("GET", locked).content == b"4300.00"
