"""The whole trade, over REST, in Discord and mixed."""

import asyncio
import hashlib
import re

import pypdfium2
import pytest
from e2e_checks import (
    MONEY,
    each_event_came_once,
    quiet,
    the_audit_chains_hold,
    the_books_hold,
)
from holdfast.demo import report, trade
from holdfast.demo.rest_driver import RestDriver

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]
WAYS_IN = {
    "discord": ("discord", "discord"),
    "rest": ("rest", "rest"),
    "mixed": ("discord", "rest"),
}
"""How seller and buyer come in."""


@pytest.mark.parametrize("way_in", list(WAYS_IN))
async def test_a_trade_from_signup_to_money_in_the_seller_s_account(
    scenario, system, instance, way_in
):
    sellers, buyers = WAYS_IN[way_in]
    seller, buyer = await scenario.over(sellers, "sela"), await scenario.over(buyers, "bob")
    played = await scenario.trade(seller, buyer, quiet)

    await trade.run(played)

    result = await report.of(played)
    assert result.money == {"ours": MONEY, "sandbox": MONEY}
    each_event_came_once(scenario, played)
    assert {it["service"] for it in result.events} >= {
        "identity", "listings", "contracts", "escrow", "verification",
    }  # fmt: skip
    await the_books_hold(instance, system)
    await the_audit_chains_hold(instance, system)


async def test_the_contract_s_hashes_are_what_was_signed(scenario):
    seller, buyer = await scenario.at_rest("sela"), await scenario.at_rest("bob")
    played = await scenario.trade(seller, buyer, quiet)
    for step in (trade.join, trade.list_game, trade.agree, trade.sign):
        await step(played)

    pdf = await buyer.http.get(f"/v1/contracts/{played.contract_id}/pdf")
    shown = await buyer.get(f"/v1/contracts/{played.contract_id}")

    assert hashlib.sha256(pdf.content).hexdigest() == played.contract_sha256
    assert shown["terms_sha256"] == played.terms_sha256
    assert shown["state"] == "EXECUTED"
    assert len(shown["signatures"]) == 2


async def test_both_hold_the_executed_copy_which_names_them_and_whoever_has_it_checks_it(scenario):
    seller, buyer = await scenario.at_rest("sela"), await scenario.at_rest("bob")
    played = await scenario.trade(seller, buyer, quiet)
    for step in (trade.join, trade.list_game, trade.agree, trade.sign):
        await step(played)

    path = f"/v1/contracts/{played.contract_id}"
    async with asyncio.timeout(60):
        while (await buyer.get(path))["executed_pdf_sha256"] is None:
            await asyncio.sleep(0.2)
    copies = [await one.http.get(f"{path}/pdf?copy=executed") for one in (buyer, seller)]
    told = await buyer.http.post("/v1/contracts/verify", content=copies[0].content)
    certificate = await buyer.http.get("/.well-known/contract-seal.pem")

    assert copies[0].content == copies[1].content
    assert (told.json()["verdict"], told.json()["document"]) == ("GENUINE", "executed")
    assert "BEGIN CERTIFICATE" in certificate.text
    with pypdfium2.PdfDocument(copies[0].content) as document:
        text = "".join(page.get_textpage().get_text_range() for page in document)
    assert "Signed by" in text
    assert len(re.findall(r"Discord \S+ · id \d{17,20}", text)) == 4
    assert len(re.findall(r"Roblox \S+ · id \d+", text)) == 4
    assert "(no name known)" not in text


async def test_a_listing_and_its_escrow_show_the_end(scenario):
    seller, buyer = await scenario.at_rest("sela"), await scenario.at_rest("bob")
    played = await scenario.trade(seller, buyer, quiet)
    await trade.run(played)

    listing = await buyer.get(f"/v1/listings/{played.listing_id}")
    escrow = await buyer.get(f"/v1/escrows/{played.escrow_id}")

    assert listing["state"] == "SOLD"
    assert escrow["state"] == "RELEASED"
    assert escrow["turn"] is None
    assert played.preview["if_released"]["seller"] == {"minor": 417_500, "currency": "USD"}


async def test_an_api_key_opens_the_rest_door_too(scenario):
    driver: RestDriver = await scenario.at_rest("sela")
    await driver.join()
    key = await driver.post("/v1/api-keys", {"name": "reader", "scopes": ["read"]})

    driver.http.headers["Authorization"] = f"Bearer {key.get('key') or key.get('secret')}"

    assert (await driver.get("/v1/me"))["id"] == driver.person.user_id
