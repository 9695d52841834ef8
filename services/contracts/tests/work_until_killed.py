"""Does what is due, in a process of its own that a failpoint may kill."""

import asyncio
import os

from chassis.clock import ManualClock
from chassis.storage.database import connect
from contracts.archive import Bucket, S3Archive
from contracts.typesetting import Press
from contracts_builders import NOON, a_house


async def main() -> None:
    given = {
        name: os.environ[f"HOLDFAST_S3_{name}"]
        for name in ("ENDPOINT", "BUCKET", "ACCESS_KEY", "SECRET_KEY")
    }
    archive = S3Archive(Bucket(*given.values()))
    async with connect(os.environ["HOLDFAST_DATABASE_URL"], ManualClock(NOON), "contracts") as db:
        await a_house(db, archive, Press()).due()


asyncio.run(main())
