"""The bucket of contracts: made once, with object lock, so that nobody rewrites what was signed."""

from __future__ import annotations

from dataclasses import dataclass

import httpx
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

_REGION = "us-east-1"
_TIMEOUT_S = 20.0


class BucketRefused(RuntimeError):
    """The S3 server made no bucket with object lock."""


@dataclass(frozen=True, slots=True)
class Storage:
    """An S3 server and the keys to it."""

    endpoint: str
    access_key: str
    secret_key: str

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        """One signed request without a body."""
        request = AWSRequest(method, f"{self.endpoint}{path}", headers=headers or {}, data=b"")
        S3SigV4Auth(Credentials(self.access_key, self.secret_key), "s3", _REGION).add_auth(request)
        signed = dict(request.headers.items())
        with httpx.Client(timeout=_TIMEOUT_S, trust_env=False) as client:
            return client.request(method, request.url, headers=signed, content=b"")


def ensure_bucket(storage: Storage, bucket: str) -> None:
    """Have the bucket exist with object lock, which only its making can give."""
    if storage.ask("HEAD", f"/{bucket}").status_code == 404:
        made = storage.ask("PUT", f"/{bucket}", {"x-amz-bucket-object-lock-enabled": "true"})
        if made.is_error and made.status_code != 409:
            raise BucketRefused(f"making bucket {bucket}: {made.status_code} {made.text}")
    lock = storage.ask("GET", f"/{bucket}?object-lock")
    if lock.is_error or "Enabled" not in lock.text:
        raise BucketRefused(
            f"bucket {bucket} has no object lock ({lock.status_code}): name another in "
            "HOLDFAST_S3_BUCKET, or remove this one"
        )
