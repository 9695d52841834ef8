"""How an escrow comes to be in each state that its parties can meet it in."""

from __future__ import annotations

from contracts_schema.terms import Terms
from escrow_builders import House, lost, some_terms


class Situations:
    """Makes escrows on a house of its own."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.made = 0

    async def make(self, name: str) -> str:
        """Another escrow in this situation."""
        self.made += 1
        return str(await getattr(self, name)(some_terms(f"{name} {self.made}")))

    async def open(self, terms: Terms) -> str:
        await self.house.onboarded()
        return await self.house.open(terms)

    async def funded(self, terms: Terms) -> str:
        return await self.house.funded(terms)

    async def unpayable(self, terms: Terms) -> str:
        return await self.house.open(terms)

    async def funded_and_unpayable(self, terms: Terms) -> str:
        escrow_id = await self.house.open(terms)
        await self.house.pay(escrow_id)
        return escrow_id

    async def delivered(self, terms: Terms) -> str:
        return await self.house.delivered(terms)

    async def frozen(self, terms: Terms) -> str:
        escrow_id = await self.house.delivered(terms)
        await lost(self.house, escrow_id)
        return escrow_id

    async def charged_back(self, terms: Terms) -> str:
        escrow_id = await self.house.delivered(terms)
        await self.house.charge_back(escrow_id)
        return escrow_id

    async def releasing(self, terms: Terms) -> str:
        escrow_id = await self.house.delivered(terms)
        await self.house.confirm(escrow_id)
        return escrow_id

    async def released(self, terms: Terms) -> str:
        escrow_id = await self.releasing(terms)
        await self.house.due()
        return escrow_id

    async def refunding(self, terms: Terms) -> str:
        escrow_id = await self.house.funded(terms)
        await self.house.refund(escrow_id)
        return escrow_id

    async def refunded(self, terms: Terms) -> str:
        escrow_id = await self.refunding(terms)
        await self.house.due()
        return escrow_id

    async def cancelled(self, terms: Terms) -> str:
        escrow_id = await self.open(terms)
        await self.house.cancel(escrow_id)
        return escrow_id


EVERY = [
    *(
        "open",
        "funded",
        "unpayable",
        "funded_and_unpayable",
        "delivered",
        "frozen",
        "charged_back",
        "releasing",
        "released",
    ),
    *("refunding", "refunded", "cancelled"),
]
