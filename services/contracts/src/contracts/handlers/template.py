"""The template's versions: tried before they are taken, one active, none ever changed."""

from __future__ import annotations

from chassis.clock import Clock
from chassis.principals import Principal
from chassis.storage.database import Transaction
from contracts_schema.events.identity import PlatformRole
from contracts_schema.events.listings import Side
from contracts_schema.ids import derive_id
from contracts_schema.money import Currency, Money
from contracts_schema.terms import sha256_hex

from contracts import store
from contracts.domain.document import document_data, executed_data
from contracts.domain.party import Account
from contracts.domain.policy import Deal, Policy
from contracts.domain.signature import Method, Signature
from contracts.domain.template import Template
from contracts.ports import Typesetter

# What a person could type at worst: a template must take it as text.
_SAMPLE = Deal(
    deal_id=derive_id("ofr", "sample"),
    listing_id=derive_id("lst", "sample"),
    seller_id=derive_id("usr", "sample seller"),
    buyer_id=derive_id("usr", "sample buyer"),
    title='#sys $x$ *b* \\ "q" ' + "w" * 235,
    asset_id="universe:1",
    snapshot_sha256="0" * 64,
    price=Money(123_456, Currency.USD),
    delivery_s=604_800,
    conditions="#panic() " * 55,
)

_ACCOUNTS = {
    user_id: (Account("discord", "1" * 20, "#n " * 10), Account("roblox", "1" * 12, "*" * 20))
    for user_id in (_SAMPLE.seller_id, _SAMPLE.buyer_id)
}


async def try_out(
    typesetter: Typesetter, policy: Policy, clock: Clock, caller: Principal, source: str
) -> None:
    """Typeset a sample with it, unsigned and executed; TemplateRefused says what is wrong."""
    caller.require(role=PlatformRole.ADMIN)
    signatures = [
        Signature(user_id, side, Method.REST, "0" * 64, clock.now())
        for user_id, side in ((_SAMPLE.buyer_id, Side.BUYER), (_SAMPLE.seller_id, Side.SELLER))
    ]
    for executed in (None, executed_data("0" * 64, signatures)):
        data = document_data(policy.terms(_SAMPLE), 1, clock.now(), _ACCOUNTS, executed)
        await typesetter.try_out(source, data, clock.now())


async def publish(tx: Transaction, caller: Principal, source: str, note: str) -> Template:
    """Make this the template of every contract from now on."""
    caller.require(role=PlatformRole.ADMIN)
    sha256 = sha256_hex(source.encode())
    template = Template(0, source, sha256, True, note, caller.user_id, tx.now())
    template = await store.template.add(tx, template)
    tx.audit("template.publish", f"template:{template.version}", reason=note, sha256=sha256)
    return template
