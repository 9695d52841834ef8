"""A fresh database, an open pool on it, and a bucket of one's own."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import closing

import pytest
from chassis.clock import ManualClock
from chassis.storage.database import Database, connect
from chassis_fixtures import database_url
from contracts.adapters.s3 import Bucket, S3Archive
from contracts.adapters.typst import TypstWorker
from contracts_builders import NOON, Harness, a_harness, a_seal, signed
from holdfast.state import lock

__all__ = ["database_url"]


@pytest.fixture
def service() -> str:
    return "contracts"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
async def database(database_url, clock) -> AsyncIterator[Database]:
    async with connect(database_url, clock, "contracts") as open_database:
        yield open_database


@pytest.fixture
async def harness(database) -> Harness:
    return a_harness(database)


@pytest.fixture(scope="session")
def bucket(s3, tmp_path_factory) -> Bucket:
    """A bucket with object lock, shared by all runs: it cannot be removed, and each takes room.

    One worker at a time makes it: of two that do, one may be told that it does not exist.
    """
    made = Bucket(s3.endpoint, "contracts-tests", s3.access_key, s3.secret_key)
    of_all_workers = tmp_path_factory.getbasetemp().parent
    with closing(lock(of_all_workers / "bucket.lock", wait=True)):
        answer = signed("PUT", made, "", {"x-amz-bucket-object-lock-enabled": "true"})
    assert answer.status_code in (200, 409), answer.text
    return made


@pytest.fixture
def fresh() -> str:
    """A word that no run used before, to name deals and documents by."""
    return uuid.uuid4().hex


@pytest.fixture
async def archive(bucket) -> AsyncIterator[S3Archive]:
    s3_archive = S3Archive(bucket)
    yield s3_archive
    await s3_archive.close()


@pytest.fixture
async def typesetter() -> AsyncIterator[TypstWorker]:
    made = TypstWorker(a_seal())
    yield made
    await made.close()


@pytest.fixture
def past_the_archive(bucket):
    """Ask the S3 server directly: method, path, headers, content."""
    return lambda method, path, headers=None, content=b"": signed(
        method, bucket, path, headers, content
    )
