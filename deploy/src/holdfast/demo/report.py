"""What a trade came to: our books, the provider's, the events, the times."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict, dataclass
from typing import Any

from holdfast.demo.driver import System
from holdfast.demo.trade import Trade

SETTLE_S = 10.0


class BooksDiffer(AssertionError):
    """Our ledger and the provider's books do not agree."""


@dataclass(frozen=True, slots=True)
class Money:
    """One set of books, in minor units."""

    buyer_paid: int
    seller_received: int
    fee: int


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a trade."""

    state: str
    trade_seconds: float
    events: list[dict[str, str]]
    money: dict[str, dict[str, int]]
    contract_sha256: str
    terms_sha256: str
    trace_id: str
    acknowledged_ms: float

    def as_json(self) -> dict[str, Any]:
        """The report as the demo writes it."""
        return asdict(self)


async def of(trade: Trade) -> Report:
    """Gather the report; raises BooksDiffer if the two sets of books do not agree to the cent."""
    seconds = time.monotonic() - trade.began
    released = await trade.heard("escrow.released.v1", escrow_id=trade.escrow_id)
    body = released.body
    ours = Money(body["paid"]["minor"], body["net"]["minor"], body["fee"]["minor"])
    theirs = await _books(trade.system, trade.escrow_id, ours)
    return Report(
        state="RELEASED",
        trade_seconds=round(seconds, 3),
        events=[
            {"type": it.type, "id": it.id, "time": it.time, "service": it.service}
            for it in trade.system.events.heard
        ],
        money={"ours": asdict(ours), "sandbox": asdict(theirs)},
        contract_sha256=trade.contract_sha256,
        terms_sha256=trade.terms_sha256,
        trace_id=trade.trace_id,
        acknowledged_ms=await worst_acknowledgement(trade.system),
    )


async def _books(system: System, escrow_id: str, ours: Money) -> Money:
    """The provider's books, once they have settled."""
    ends = time.monotonic() + SETTLE_S
    while True:
        found = await system.outside.books(escrow_id)
        theirs = Money(
            found.get("buyer_paid", 0), found.get("seller_received", 0), found.get("fee", 0)
        )
        if theirs == ours:
            return theirs
        if time.monotonic() > ends:
            raise BooksDiffer(f"ours {ours}, the provider's {theirs}")
        await asyncio.sleep(0.1)


async def worst_acknowledgement(system: System) -> float:
    """The slowest answer to an interaction so far, in milliseconds."""
    stats = await system.outside.get("/discord/stats")
    times = [float(each) for each in stats["acknowledged_ms"]["all"]]
    return round(max(times, default=0.0), 1)
