"""Where a client is, through the real gateway: what a signature records, whatever headers say."""

import httpx
import pytest
from e2e_checks import quiet, rows_of
from holdfast.demo import trade
from holdfast.demo.rest_driver import RestDriver

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]
FORGED = {
    "X-Forwarded-For": "203.0.113.66",
    "X-Real-Ip": "203.0.113.66",
    "Forwarded": "for=203.0.113.66",
    "X_Forwarded_For": "203.0.113.66",
    "X-Client-Ip": "203.0.113.66",
}
HERE, BEHIND_TLS = "127.41.0.7", "198.51.100.7"
RECORDED = "SELECT signer_id, ip FROM signatures WHERE contract_id = $1"


def come_from(person: RestDriver, address: str, headers: dict[str, str]) -> None:
    """Have the person's requests leave from this address, with these headers."""
    before = person.http
    person.http = httpx.AsyncClient(
        base_url=before.base_url,
        headers={**before.headers, **headers},
        timeout=before.timeout,
        transport=httpx.AsyncHTTPTransport(local_address=address),
    )


@pytest.mark.abuse("I9")
async def test_a_signature_records_where_the_signer_is_and_no_word_of_theirs(
    scenario, instance, system, tls_proxy
):
    seller, buyer = await scenario.at_rest("sela"), await scenario.at_rest("bob")
    played = await scenario.trade(seller, buyer, quiet)
    for step in (trade.join, trade.list_game, trade.agree):
        await step(played)
    come_from(seller, HERE, FORGED)
    # A TLS proxy adds its client to what the client sent; only what it added itself is believed.
    come_from(buyer, tls_proxy, FORGED | {"X-Forwarded-For": f"203.0.113.66, {BEHIND_TLS}"})

    await trade.sign(played)

    recorded = await rows_of(instance, system, "contracts", RECORDED, played.contract_id)
    assert {row["signer_id"]: row["ip"] for row in recorded} == {
        seller.person.user_id: HERE,
        buyer.person.user_id: BEHIND_TLS,
    }
