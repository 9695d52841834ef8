"""`migrate`: prepare servers that somebody else runs, as in compose."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import typer

from holdfast import daemon, migrate
from holdfast.access import Access
from holdfast.console import err, fail
from holdfast.instance import Instance
from holdfast.s3_bucket import Storage
from holdfast.servers import postgres, rabbitmq, seaweedfs

_FROM_FILES = (
    "POSTGRES_URL", "RABBITMQ_URL", "RABBITMQ_MANAGEMENT_URL", "S3_SECRET_KEY",
)  # fmt: skip


def run() -> None:
    """Bring database, broker and bucket to the newest state; does nothing when they are."""
    instance = Instance.named()
    _read_files()
    asyncio.run(_everything(instance, _urls(instance)))
    err.print("migrated: databases, topology, bucket")


async def _everything(instance: Instance, urls: dict[str, str]) -> None:
    access = Access(instance, urls["postgres"], urls["rabbitmq"])
    storage = Storage(urls["s3"], urls["s3_access_key"], urls["s3_secret_key"])
    name = os.environ.get("HOLDFAST_S3_BUCKET", urls.get("s3_bucket", "holdfast-contracts"))
    await asyncio.gather(
        migrate.databases(access),
        migrate.broker(access, urls["rabbitmq_management"]),
        migrate.bucket(storage, name),
    )


def _urls(instance: Instance) -> dict[str, str]:
    given = [postgres.given(), rabbitmq.given(), seaweedfs.given()]
    if all(given):
        return {name: url for server in given if server for name, url in server.urls.items()}
    state = daemon.running(instance)
    if state is None:
        fail(
            "there is nothing to migrate: the instance does not run and no servers are named",
            "./holdfast up (it migrates too), or set HOLDFAST_POSTGRES_URL, HOLDFAST_RABBITMQ_URL, "
            "HOLDFAST_RABBITMQ_MANAGEMENT_URL and HOLDFAST_S3_ENDPOINT with its keys",
        )
    return state.urls


def _read_files() -> None:
    """Let HOLDFAST_X_FILE name the file that holds HOLDFAST_X, as the services do."""
    for name in _FROM_FILES:
        path = os.environ.get(f"HOLDFAST_{name}_FILE")
        if path:
            os.environ[f"HOLDFAST_{name}"] = Path(path).read_text(encoding="utf-8").strip()


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(name="migrate")(run)
