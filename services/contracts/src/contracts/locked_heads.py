"""The heads of audit logs under lock, for operators: ``python -m contracts.locked_heads``.

It reads them, all or those of the service that is named, from the bucket of the HOLDFAST_S3_
settings, and prints each as it was put there, a line each, for
``python -m chassis.audit_log``.
"""

from __future__ import annotations

import asyncio
import sys

from chassis.settings import given

from contracts.adapters.s3 import Bucket, S3Archive
from contracts.domain.audit_head import FOLDER
from contracts.ports import ArchiveDiffers, ArchiveUnavailable

AT_ONCE = 20
NEEDED = ("s3_endpoint", "s3_bucket", "s3_access_key", "s3_secret_key")


async def _print(archive: S3Archive, services: list[str]) -> None:
    try:
        keys = await archive.names("/".join([FOLDER, *services, ""]))
        for begin in range(0, len(keys), AT_ONCE):
            part = keys[begin : begin + AT_ONCE]
            for content in await asyncio.gather(*map(archive.content, part)):
                print(content.decode())
    finally:
        await archive.close()


def main(services: list[str]) -> int:
    """Print them: 0, or 2 if the bucket cannot be read."""
    if lacking := [name for name in NEEDED if not given(name)]:
        print(f"set HOLDFAST_{lacking[0].upper()}", file=sys.stderr)
        return 2
    endpoint, name, access_key, secret_key = map(given, NEEDED)
    region = given("s3_region") or "us-east-1"
    bucket = Bucket(endpoint, name, access_key, secret_key, region)
    try:
        asyncio.run(_print(S3Archive(bucket), services[:1]))
    except (ArchiveUnavailable, ArchiveDiffers) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
