"""The client of identity, which knows the outside accounts that people proved."""

from __future__ import annotations

import httpx
from chassis.http import callers, tls

from contracts.domain.party import Account, Accounts
from contracts.ports import PeopleUnavailable

TIMEOUT_S = 5.0


class IdentityClient:
    """Asks identity for the accounts of the two parties, once for each contract."""

    def __init__(self, base_url: str, secret: str) -> None:
        self._http = httpx.AsyncClient(
            base_url=base_url,
            timeout=TIMEOUT_S,
            headers={callers.SECRET_HEADER: secret},
            verify=tls.trusted(),
            trust_env=False,
        )

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def accounts(self, user_ids: tuple[str, ...]) -> Accounts:
        """Each person's accounts with their names; raises PeopleUnavailable."""
        try:
            answer = await self._http.post("/internal/accounts", json={"user_ids": user_ids})
            answer.raise_for_status()
            people = answer.json()["people"]
            return {
                user_id: tuple(
                    Account(each["provider"], each["provider_user_id"], each["name"])
                    for each in people.get(user_id, ())
                )
                for user_id in user_ids
            }
        except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise PeopleUnavailable(f"identity: {type(error).__name__}: {error}"[:300]) from error
