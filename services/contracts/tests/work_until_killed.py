"""Does what is due, in a process of its own that a failpoint may kill."""

import asyncio
import os

from chassis.clock import ManualClock
from chassis.storage.database import connect
from contracts.adapters.s3 import Bucket, S3Archive
from contracts.adapters.typst import TypstWorker
from contracts_builders import NOON, a_harness, a_seal


async def main() -> None:
    given = {
        name: os.environ[f"HOLDFAST_S3_{name}"]
        for name in ("ENDPOINT", "BUCKET", "ACCESS_KEY", "SECRET_KEY")
    }
    archive = S3Archive(Bucket(*given.values()))
    async with connect(os.environ["HOLDFAST_DATABASE_URL"], ManualClock(NOON), "contracts") as db:
        await a_harness(db, archive, TypstWorker(a_seal())).due()


asyncio.run(main())
