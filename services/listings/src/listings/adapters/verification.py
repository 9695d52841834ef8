"""The client of verification's internal check."""

from __future__ import annotations

import httpx
from chassis.http import callers, tls

from listings.domain.asset import AssetName
from listings.domain.errors import NotOwner, OwnershipUnknown

TIMEOUT_S = 8.0


class VerificationClient:
    """Asks verification, which asks Roblox: a fresh answer, never a cached one."""

    def __init__(self, base_url: str, secret: str) -> None:
        self._http = httpx.AsyncClient(
            base_url=base_url,
            timeout=TIMEOUT_S,
            headers={callers.SECRET_HEADER: secret},
            verify=tls.trusted(),
        )

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def still_owns(self, user_id: str, asset: AssetName, deal_id: str) -> str:
        """The hash of a fresh snapshot; raises NotOwner or OwnershipUnknown."""
        question = {
            "user_id": user_id,
            "kind": asset.kind,
            "asset_id": asset.asset_id,
            "purpose": "accept",
            "fresh": True,
            "deal_id": deal_id,
        }
        try:
            answer = await self._http.post("/internal/verifications", json=question)
            found = answer.json() if answer.status_code in {200, 409} else {}
        except (httpx.HTTPError, ValueError) as error:
            raise OwnershipUnknown() from error
        if found.get("status") == "VERIFIED":
            return str(found["snapshot_sha256"])
        if found.get("status") == "FAILED" or found.get("code") == "no_linked_account":
            raise NotOwner()
        raise OwnershipUnknown("roblox_away")
