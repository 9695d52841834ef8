"""The archive on a real S3 server: written once, changed by nobody."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from contracts.adapters.s3 import S3Archive
from contracts.ports import ArchiveDiffers, ArchiveUnavailable
from contracts_builders import signed
from contracts_schema.terms import sha256_hex

UNTIL = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2562)  # real time: S3's own
CONTENT = b'{"price":1}'


@pytest.fixture
def key(fresh) -> str:
    return f"tests/{fresh}.json"


async def keep(archive, key, content=CONTENT) -> None:
    await archive.keep(key, content, "application/json", UNTIL)


async def test_what_is_kept_is_read_back(archive, key):
    await keep(archive, key)

    assert await archive.read(key, sha256_hex(CONTENT)) == CONTENT


async def test_keeping_it_again_changes_nothing(archive, past_the_archive, key):
    await keep(archive, key)
    first = past_the_archive("HEAD", f"/{key}").headers["last-modified"]
    await keep(archive, key)

    answer = past_the_archive("HEAD", f"/{key}")
    assert answer.headers["last-modified"] == first
    assert (
        past_the_archive("GET", f"?prefix={key.replace(chr(47), '%2F')}&versions=").text.count(
            "<Version>"
        )
        == 1
    )


async def test_other_content_under_the_same_key_is_refused(archive, key):
    await keep(archive, key)

    with pytest.raises(ArchiveDiffers, match="not what was stored"):
        await keep(archive, key, b"other")

    assert await archive.read(key, sha256_hex(CONTENT)) == CONTENT


async def test_a_kept_document_is_locked_for_seven_years(archive, past_the_archive, key):
    await keep(archive, key)

    answer = past_the_archive("GET", f"/{key}?retention")
    assert "COMPLIANCE" in answer.text
    assert f"{UNTIL:%Y-%m-%dT%H:%M:%S}" in answer.text
    version = past_the_archive("HEAD", f"/{key}").headers["x-amz-version-id"]
    assert past_the_archive("DELETE", f"/{key}?versionId={version}").status_code == 403
    assert await archive.read(key, sha256_hex(CONTENT)) == CONTENT


async def test_a_document_that_is_not_there_is_told_apart_from_a_server_that_is_not(archive, key):
    with pytest.raises(ArchiveDiffers, match="not in the archive"):
        await archive.read("contracts/none", "0" * 64)

    away = S3Archive(dataclasses.replace(archive.bucket, endpoint="http://127.0.0.1:1"))
    with pytest.raises(ArchiveUnavailable):
        await away.read(key, "0" * 64)
    await away.close()


async def test_a_wrong_secret_keeps_nothing(bucket, archive, key):
    stranger = S3Archive(dataclasses.replace(bucket, secret_key="guessed"))

    with pytest.raises(ArchiveUnavailable, match="403"):
        await keep(stranger, key)

    await stranger.close()
    with pytest.raises(ArchiveDiffers):
        await archive.read(key, sha256_hex(CONTENT))


async def test_a_bucket_without_a_lock_is_refused_with_the_next_step(bucket, key):
    plain = dataclasses.replace(bucket, name="contracts-tests-plain")
    assert signed("PUT", plain, "").status_code in (200, 409)
    archive = S3Archive(plain)

    with pytest.raises(ArchiveUnavailable, match="HOLDFAST_S3_BUCKET"):
        await keep(archive, key)

    await archive.close()
