"""A private SeaweedFS: object lock, encryption at rest, and what a kill leaves of it."""

import hashlib
import os
import signal
import time

import httpx
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from holdfast import daemon, plan, reaper
from holdfast.instance import Instance
from holdfast.s3_bucket import BucketRefused, Storage, ensure_bucket

pytestmark = pytest.mark.xdist_group("storage")
WAIT_S = 60


@pytest.fixture(scope="module")
def running():
    instance = Instance.named(f"storage-{os.getpid()}")
    state = daemon.ensure(instance, plan.S3)
    yield instance, state
    daemon.stop(instance)
    assert reaper.marked(instance.mark) == []


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
