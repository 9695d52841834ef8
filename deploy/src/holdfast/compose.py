"""The files that docker-compose.yml mounts as secrets: generated once, none has a default."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from holdfast import providers
from holdfast.access import Access
from holdfast.credentials import credential
from holdfast.instance import Instance, checkout
from holdfast.servers import rabbitmq, seaweedfs
from holdfast.services import SERVICES

_SANDBOX = "http://127.0.0.1:8090"
_GATEWAY = "http://gateway:8080"


def write_secrets(folder: Path, public_url: str) -> None:
    """Have every secret as a file in the folder; those that exist are kept.

    Only the folder is closed: the files are mounted one by one into containers whose users differ.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    instance = Instance(checkout(), secrets_folder=folder)
    providers.internal_secrets(instance)
    providers.write_again(folder / "service-callers", providers.service_callers(instance))
    providers.sandbox_config(instance, _SANDBOX, public_url, _GATEWAY)
    seaweedfs.encryption_key(instance)
    seaweedfs.certificate(instance)
    seaweedfs.write_identities(folder / "s3.json", credential(instance, "s3"))
    _write_urls(instance)
    for file in folder.iterdir():
        file.chmod(0o444)


def _write_urls(instance: Instance) -> None:
    operator = f"{rabbitmq.OPERATOR}:{credential(instance, 'rabbitmq')}@rabbitmq"
    superuser = f"postgres:{credential(instance, 'postgres')}@postgres"
    access = Access(instance, f"postgresql://{superuser}:5432/postgres", f"amqp://{operator}:5672/")
    credential(instance, "postgres-url", lambda: access.postgres)
    credential(instance, "rabbitmq-url", lambda: access.rabbitmq)
    credential(instance, "rabbitmq-management-url", lambda: f"http://{operator}:15672")
    for service in SERVICES:
        credential(instance, f"{service.name}-owner")
        credential(instance, f"{service.name}-database-url", partial(access.database_url, service))
        credential(instance, f"{service.name}-broker-url", partial(access.broker_url, service))
