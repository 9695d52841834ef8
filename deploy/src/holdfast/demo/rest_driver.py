"""A person who trades over REST: an access token, and the same acts."""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import Any, cast

import httpx

from holdfast.demo.discord_driver import link_in_browser
from holdfast.demo.driver import Person, System
from holdfast.demo.outside import AWAY

Json = dict[str, Any]


class RestRefused(RuntimeError):
    """A problem+json: the system said no."""

    def __init__(self, status: int, problem: Json) -> None:
        super().__init__(f"{status} {problem.get('code')}: {problem.get('detail')}")
        self.status, self.problem = status, problem


class RestDriver:
    """Everything a trade asks of a person, done over REST."""

    def __init__(self, system: System, person: Person) -> None:
        self.person, self._system = person, system
        self.http = httpx.AsyncClient(base_url=system.gateway, timeout=30)

    async def close(self) -> None:
        """Let go of the connections."""
        await self.http.aclose()

    async def join(self) -> None:
        """Log in with Discord, in the browser, and consent to join under the terms in force."""
        browser = self.person.browser
        terms = await self.get("/v1/terms")
        begun = await browser.post(
            f"{self._system.gateway}/v1/auth/discord/url",
            {"consent": True, "terms_version": terms["version"]},
        )
        page = await browser.open(f"{begun['url']}&as={self.person.discord_id}")
        back = await browser.submit(page, {"user": self.person.discord_id, "decision": "approve"})
        tokens = back.json()
        self.http.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        me = await self.get("/v1/me")
        self.person.user_id = str(me["id"])

    async def link(self) -> None:
        """Ask for a link, then the page it leads to, and Roblox's own."""
        link = await self.post("/v1/links", {"provider": "roblox"})
        found = await self.post(f"/v1/links/{link['link_id']}/url")
        await link_in_browser(self.person, found["url"])
        await self._system.events.wait(
            "identity.tier_changed.v1", user_id=self.person.user_id, tier="TIER_1"
        )

    async def games(self) -> list[str]:
        """One's own games."""
        found = await self.get(f"/v1/users/{self.person.user_id}/experiences")
        return [str(game["asset_id"]) for game in found["data"]]

    async def create_listing(self, asset_id: str, title: str, price_minor: int) -> None:
        """POST a listing."""
        await self.post(
            "/v1/listings",
            {
                "asset_id": asset_id,
                "title": title,
                "summary": f"{title}, with all its assets.",
                "price": _usd(price_minor),
                "category": "Simulator",
            },
        )

    async def make_offer(self, listing_id: str, amount_minor: int) -> None:
        """POST an offer."""
        await self.post(f"/v1/listings/{listing_id}/offers", {"amount": _usd(amount_minor)})

    async def counter(self, offer_id: str, amount_minor: int) -> None:
        """POST a counter-offer."""
        await self.post(f"/v1/offers/{offer_id}/counter", {"amount": _usd(amount_minor)})

    async def accept(self, offer_id: str) -> None:
        """POST an acceptance."""
        await self.post(f"/v1/offers/{offer_id}/accept")

    async def decline(self, offer_id: str) -> None:
        """POST a refusal."""
        await self.post(f"/v1/offers/{offer_id}/decline")

    async def sign(self, contract_id: str) -> None:
        """Read the contract and sign the terms that were read."""
        contract = await self.get(f"/v1/contracts/{contract_id}")
        await self.post(
            f"/v1/contracts/{contract_id}/signatures",
            {"phrase": "I AGREE", "terms_sha256": contract["terms_sha256"]},
        )

    async def onboarding_url(self, escrow_id: str) -> str:
        """Where to set up payouts."""
        return str((await self.post("/v1/payout-accounts/onboarding-link"))["url"])

    async def payment_url(self, escrow_id: str) -> str:
        """Where to pay."""
        return str((await self.post(f"/v1/escrows/{escrow_id}/payment-link"))["url"])

    async def deliver(self, escrow_id: str, title: str, evidence: str) -> None:
        """POST a delivery with evidence."""
        body = {"title": title, "evidence": [{"kind": "note", "text": evidence}]}
        await self.post(f"/v1/escrows/{escrow_id}/deliveries", body)

    async def confirm(self, escrow_id: str) -> dict[str, Any]:
        """Read the preview and confirm at the version that was read."""
        escrow = await self.get(f"/v1/escrows/{escrow_id}")
        preview = await self.get(f"/v1/escrows/{escrow_id}/preview")
        await self.post(
            f"/v1/escrows/{escrow_id}/confirm", headers={"If-Match": f'"{escrow["version"]}"'}
        )
        return preview

    async def refund(self, escrow_id: str) -> None:
        """POST a refund."""
        await self.post(f"/v1/escrows/{escrow_id}/refund")

    async def cancel(self, escrow_id: str) -> None:
        """POST a cancellation."""
        await self.post(f"/v1/escrows/{escrow_id}/cancel")

    async def get(self, path: str) -> Json:
        """Read; raises RestRefused."""
        return _told(await self._patiently("GET", path))

    async def post(
        self, path: str, body: Json | None = None, headers: dict[str, str] | None = None
    ) -> Json:
        """Act once, under a fresh Idempotency-Key; raises RestRefused."""
        sent = {"Idempotency-Key": secrets.token_hex(12), **(headers or {})}
        return _told(await self._patiently("POST", path, json=body, headers=sent))

    async def _patiently(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Ask as a good client does: what was not answered is asked again, under the same key."""
        ends = time.monotonic() + self._system.events.patience_s
        while True:
            try:
                answer = await self.http.request(method, path, **request)
                if answer.status_code not in AWAY:
                    return answer
            except httpx.TransportError:
                if time.monotonic() > ends:
                    raise
            else:
                if time.monotonic() > ends:
                    return answer
            await asyncio.sleep(0.25)


def _usd(minor: int) -> Json:
    return {"minor": minor, "currency": "USD"}


def _told(answer: httpx.Response) -> Json:
    if answer.status_code >= 400:
        try:
            problem = answer.json()
        except ValueError:
            problem = {"detail": answer.text[:300]}
        raise RestRefused(answer.status_code, problem)
    return cast(Json, answer.json()) if answer.content else {}
