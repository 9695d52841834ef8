"""The page behind a signing link, without script and without a login."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest
from chassis import principals
from contracts.domain.signature import Method
from contracts_builders import (
    BUYER,
    DISCORD_IDS,
    SELLER,
    FlatTypesetter,
    MemoryArchive,
    as_person,
    running,
)
from contracts_schema.events.identity import Tier, TierChanged, UserRegistered, UserSuspended


@pytest.fixture
async def client(database, database_url) -> AsyncIterator[httpx.AsyncClient]:
    async with running(
        database, MemoryArchive(), FlatTypesetter(), database_url=database_url
    ) as open_client:
        yield open_client


async def link(client, harness, contract, user_id=BUYER) -> str:
    """The path of a fresh link."""
    async with harness.database.transaction() as tx:
        joined = UserRegistered(user_id=user_id, discord_id=DISCORD_IDS[user_id])
        await principals.project(tx, joined, sequence=1)
        risen = TierChanged(user_id=user_id, tier=Tier.TIER_1, previous=Tier.TIER_0)
        await principals.project(tx, risen, sequence=2)
    answer = await client.post(
        f"/v1/contracts/{contract.contract_id}/signing-links",
        headers=as_person(user_id, harness.clock),
    )
    return urlsplit(answer.json()["url"]).path


def form(contract, **changes) -> dict[str, str]:
    return {"phrase": "I AGREE", "terms_sha256": contract.terms_sha256} | changes


async def test_the_page_shows_the_terms_in_words_and_leaks_nothing(client, harness):
    contract = await harness.drafted()

    page = await client.get(await link(client, harness, contract))

    assert page.status_code == 200
    for shown in ("4,300.00 USD", "4,175.00 USD", "Blox Harbor Tycoon", contract.terms_sha256):
        assert shown in page.text
    assert "You sign as the <strong>buyer</strong>" in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<script" not in page.text


async def test_what_a_party_typed_is_text_on_the_page(client, harness):
    contract = await harness.drafted(
        title='<script>alert("x")</script> $price ${body}', conditions="<b>\u202ebold</b>"
    )

    page = await client.get(await link(client, harness, contract))

    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text
    assert "⟨U+202E⟩" in page.text


async def test_typing_the_words_signs_once(client, harness):
    contract = await harness.drafted()
    path = await link(client, harness, contract)

    read = [await client.get(path) for _ in range(3)]  # link previews look, and use nothing up
    done = await client.post(path, data=form(contract))
    again = await client.post(path, data=form(contract))
    after = await client.get(path)

    assert [one.status_code for one in read] == [200, 200, 200]
    assert (done.status_code, again.status_code, after.status_code) == (200, 410, 410)
    assert "You have signed" in done.text
    assert "The seller can sign until" in done.text
    [kept] = (await harness.contract(contract.contract_id)).signatures
    assert (kept.method, kept.signer_id, kept.ip) == (Method.WEB, BUYER, "127.0.0.1")


async def test_a_mistyped_phrase_shows_the_form_again_and_uses_nothing_up(client, harness):
    contract = await harness.drafted()
    path = await link(client, harness, contract)

    wrong = await client.post(path, data=form(contract, phrase="i agree"))
    right = await client.post(path, data=form(contract))

    assert (wrong.status_code, right.status_code) == (422, 200)
    assert "The words typed are not I AGREE." in wrong.text
    assert "<form" in wrong.text


async def test_a_form_with_other_terms_signs_nothing(client, harness):
    contract = await harness.drafted()
    path = await link(client, harness, contract)

    answers = [
        await client.post(path, data=form(contract, terms_sha256="0" * 64)),
        await client.post(path, data={"phrase": "I AGREE"}),
        await client.post(path, data=form(contract, phrase=f"I AGREE{' ' * 40}to nothing")),
    ]

    assert [one.status_code for one in answers] == [409, 409, 422]
    assert (await harness.contract(contract.contract_id)).signatures == []


async def test_a_link_is_dead_after_fifteen_minutes(client, harness):
    contract = await harness.drafted()
    path = await link(client, harness, contract)

    harness.clock.advance(timedelta(minutes=15))
    answers = [await client.get(path), await client.post(path, data=form(contract))]

    assert [one.status_code for one in answers] == [410, 410]
    assert "older than 15 minutes" in answers[0].text


async def test_a_newer_link_ends_the_older_one(client, harness):
    contract = await harness.drafted()
    older = await link(client, harness, contract)
    newer = await link(client, harness, contract)

    assert (await client.get(older)).status_code == 404
    assert (await client.get(newer)).status_code == 200


@pytest.mark.parametrize(
    "path", ["/sign/unknown", "/sign/" + "a" * 43, "/sign/%00", "/sign/" + "a" * 3000]
)
async def test_an_unknown_link_says_what_to_do(client, path):
    answers = [await client.get(path), await client.post(path, data={"phrase": "I AGREE"})]

    assert [one.status_code for one in answers] == [404, 404]
    assert "Ask for a new link" in answers[0].text


async def test_a_form_larger_than_ours_is_refused(client, harness):
    contract = await harness.drafted()
    path = await link(client, harness, contract)

    answer = await client.post(path, content=b"phrase=" + b"x" * 5000)

    assert answer.status_code == 413


async def test_who_was_suspended_meanwhile_does_not_sign(client, harness):
    contract = await harness.drafted()
    path = await link(client, harness, contract)
    async with harness.database.transaction() as tx:
        await principals.project(tx, UserSuspended(user_id=BUYER), sequence=3)

    answer = await client.post(path, data=form(contract))

    assert answer.status_code == 403
    assert "suspended" in answer.text
    assert (await harness.contract(contract.contract_id)).signatures == []


async def test_the_form_sent_twice_at_once_signs_once(client, harness):
    for number in range(25):
        contract = await harness.drafted(f"twice {number}")
        path = await link(client, harness, contract)

        answers = await asyncio.gather(*(client.post(path, data=form(contract)) for _ in range(2)))

        assert sorted(one.status_code for one in answers) == [200, 410]
        assert len((await harness.contract(contract.contract_id)).signatures) == 1


async def test_after_the_contract_is_void_the_link_says_so(client, harness):
    contract = await harness.drafted()
    harness.clock.advance(timedelta(hours=71, minutes=55))
    path = await link(client, harness, contract, SELLER)
    harness.clock.advance(timedelta(minutes=4, seconds=59))
    assert (await client.get(path)).status_code == 200

    harness.clock.advance(timedelta(seconds=1))
    await harness.due()

    assert (await client.get(path)).status_code == 410
