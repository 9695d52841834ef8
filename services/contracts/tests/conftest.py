"""A fresh database, an open pool on it, and a bucket of one's own."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import httpx
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from chassis.clock import ManualClock
from chassis.database import Database, connect
from contracts_builders import NOON, House, a_house

from contracts.archive import Bucket, S3Archive


@pytest.fixture
def database_url(database_for):
    return database_for("contracts")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
async def database(database_url, clock) -> AsyncIterator[Database]:
    async with connect(database_url, clock, "contracts") as open_database:
        yield open_database


@pytest.fixture
async def house(database) -> House:
    return a_house(database)


@pytest.fixture
def bucket(s3) -> Bucket:
    """A bucket with object lock, made as the deployment makes it."""
    made = Bucket(s3.endpoint, f"contracts-{uuid.uuid4().hex[:12]}", s3.access_key, s3.secret_key)
    answer = signed("PUT", made, "", {"x-amz-bucket-object-lock-enabled": "true"})
    assert answer.status_code == 200, answer.text
    return made


@pytest.fixture
async def archive(bucket) -> AsyncIterator[S3Archive]:
    s3_archive = S3Archive(bucket)
    yield s3_archive
    await s3_archive.close()


def signed(method, bucket, path, headers=None, content=b""):
    """One signed request to the S3 server, past the archive."""
    url = f"{bucket.endpoint}/{bucket.name}{path}"
    request = AWSRequest(method, url, headers=headers or {}, data=content)
    S3SigV4Auth(
        Credentials(bucket.access_key, bucket.secret_key), "s3", bucket.region
    ).add_auth(request)
    with httpx.Client(trust_env=False, timeout=20) as client:
        return client.request(method, url, headers=dict(request.headers), content=content)


@pytest.fixture
def past_the_archive(bucket):
    """Ask the S3 server directly: method, path, headers, content."""
    return lambda method, path, headers=None, content=b"": signed(
        method, bucket, path, headers, content
    )


