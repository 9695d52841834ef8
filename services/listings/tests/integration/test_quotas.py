"""One person's requests are counted together, whatever they ask, by which login, and how."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from chassis.quotas import Quotas
from chassis_client import known, token
from contracts_schema.commands.listings import WithdrawListing
from contracts_schema.ids import new_id
from listings_builders import a_listing
from listings_driver import listening, serving

MOST = 20


@pytest.fixture
async def rest(db, database_url, clock, seller, buyer):
    await known(db, seller, buyer)
    async with AsyncExitStack() as stack:
        quotas = {"requests_per_minute": MOST, "requests_per_minute_of_a_login": MOST - 5}
        yield await stack.enter_async_context(serving(database_url, clock, **quotas))


def taken(answers) -> int:
    """How many were not refused for their number; who was is told when to come again."""
    refused = [each for each in answers if each.status_code == 429]
    assert all(each.json()["code"] == "too_many_requests" for each in refused)
    assert all(int(each.headers["retry-after"]) >= 1 for each in refused)
    return len(answers) - len(refused)


@pytest.mark.abuse("R1")
async def test_neither_paths_nor_addresses_nor_logins_get_anybody_more_requests(
    rest, db, clock, seller
):
    listing = await a_listing(db, seller)
    paths = [
        f"/v1/listings/{listing.listing_id}/offer-draft",
        f"/v1/listings/{listing.listing_id}/offer-draft/",
        f"/V1/LISTINGS/{listing.listing_id}/offer-draft",
        "/v1/offers",
        "/v1/offers/",
        "/v1//offers",
    ]

    async def ask(number: int):
        login = token(seller.user_id, clock, session_id=f"ses_{number % 4}")
        sent = {
            "Authorization": f"Bearer {login}",
            "X-Forwarded-For": f"203.0.113.{number}",
            "X-Real-IP": f"203.0.113.{number}",
            "Forwarded": f"for=203.0.113.{number}",
        }
        return await rest.client.get(paths[number % len(paths)], headers=sent)

    answers = await asyncio.gather(*(ask(number) for number in range(MOST * 8)))

    counted = [each for each in answers if "ratelimit" in each.headers]
    assert MOST <= taken(counted) <= MOST + 1
    assert all(each.status_code in {307, 404} for each in answers if each not in counted)


@pytest.mark.abuse("R1")
async def test_one_login_has_less_than_its_person_and_another_login_still_has_some(
    rest, clock, seller, buyer
):
    one, other = (
        {"Authorization": f"Bearer {token(seller.user_id, clock, session_id=name)}"}
        for name in ("ses_1", "ses_2")
    )
    burst = [await rest.client.get("/v1/offers", headers=one) for _ in range(MOST)]
    later = await rest.client.get("/v1/offers", headers=other)
    stranger = await rest.ask("GET", "/v1/offers", buyer)

    assert MOST - 5 <= taken(burst) <= MOST - 4
    assert (later.status_code, stranger.status_code) == (200, 200)


async def test_every_answer_tells_what_is_left(rest, seller):
    first = await rest.ask("GET", "/v1/offers", seller)
    second = await rest.ask("GET", f"/v1/offers/{new_id('ofr')}", seller)
    nobody = await rest.ask("GET", "/v1/listings")

    assert first.headers["ratelimit-policy"] == '"person";q=20;w=60, "login";q=15;w=60'
    assert first.headers["ratelimit"].startswith('"person";r=19;t=')
    assert ', "login";r=14;t=' in first.headers["ratelimit"]
    assert second.status_code == 404
    assert second.headers["ratelimit"].startswith('"person";r=18;t=')
    assert "ratelimit" not in nobody.headers


@pytest.mark.abuse("R1")
async def test_who_has_no_requests_left_has_no_commands_left_either(db, broker_for, clock, seller):
    await known(db, seller)
    listing, quotas = await a_listing(db, seller), Quotas(MOST, MOST)
    for number in range(MOST):
        quotas.take(seller.user_id, f"ses_{number}")
    async with listening(db, broker_for("listings", "discord-gateway"), quotas) as discord:
        sent = await discord.send(
            "one more", WithdrawListing, seller, listing_id=listing.listing_id
        )
        await discord.heard(1)

        [refusal] = await discord.refusals()

    assert refusal["command_id"] == sent
    assert (refusal["problem"]["status"], refusal["problem"]["code"]) == (429, "too_many_requests")
    assert refusal["problem"]["params"]["most"] == str(MOST)
