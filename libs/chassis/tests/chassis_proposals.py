"""Approves what was proposed, as another administrator does who has looked at it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
from contracts_schema.ids import uuid7


async def approve(
    client: httpx.AsyncClient,
    service: str,
    proposal: Mapping[str, Any],
    headers: Mapping[str, str],
    **changes: Any,
) -> httpx.Response:
    """Approve this proposal of the service by the hash that it shows."""
    path = f"/v1/admin/proposals/{service}/{proposal['proposal_id']}/approve"
    sent = {"Idempotency-Key": uuid7().hex, **headers}
    return await client.post(path, json={"sha256": proposal["sha256"], **changes}, headers=sent)
