"""An operator looks at what is frozen: lets it go on, or ends it, by the same rules as anybody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from chassis_proposals import approve
from contracts_schema.ids import derive_id
from contracts_schema.terms import TrancheTerms
from escrow_builders import (
    ADMIN,
    BUYER,
    DAY,
    FEE,
    NET,
    PRICE,
    ROUNDS,
    SECOND_ADMIN,
    SELLER,
    House,
    as_person,
    lost,
    running,
    some_terms,
    usd,
)

WHY = "Both sides were heard, ticket 4711."
HALVES = tuple(TrancheTerms(number=n, amount=usd(PRICE // 2)) for n in (1, 2))


@pytest.fixture
async def client(house: House, database_url) -> AsyncIterator[httpx.AsyncClient]:
    await house.know_administrators()
    async with running(house.database, database_url, house.rails) as made:
        yield made


async def unfreeze(client, house, escrow_id, who=ADMIN, **headers):
    path = f"/v1/admin/escrows/{escrow_id}/unfreeze"
    sent = as_person(who, house.clock, **headers)
    return await client.post(path, json={"reason": WHY}, headers=sent)


async def propose(client, house, escrow_id, outcome="REFUND", who=ADMIN, **headers):
    path, body = f"/v1/admin/escrows/{escrow_id}/decide", {"outcome": outcome, "reason": WHY}
    return await client.post(path, json=body, headers=as_person(who, house.clock, **headers))


async def decide(client, house, escrow_id, outcome="REFUND", who=ADMIN, **headers):
    """One administrator proposes it and another approves; the refusal, or the approval."""
    proposed = await propose(client, house, escrow_id, outcome, who, **headers)
    if proposed.status_code != 202:
        return proposed
    before = (await house.escrow(escrow_id)).version
    approved = await approved_by(client, house, proposed.json())
    assert (before, approved.json()["state"]) == (proposed.json()["seen"], "DONE")
    return approved


async def approved_by(client, house, proposal, who=SECOND_ADMIN, **changes):
    return await approve(client, "escrow", proposal, as_person(who, house.clock), **changes)


async def frozen(house: House, stage: str = "delivered", **changes) -> str:
    """An escrow whose goods were seen with somebody else."""
    escrow_id = str(await getattr(house, stage)(some_terms(**changes)))
    await lost(house, escrow_id)
    return escrow_id


async def audited(house: House, action: str) -> list[tuple[str, str]]:
    rows = await house.database.rows(
        "SELECT actor, reason FROM audit_entries WHERE action = $1", action
    )
    return [tuple(row) for row in rows]


async def test_an_operator_lets_a_frozen_deal_go_on_with_the_time_that_was_left(client, house):
    escrow_id = await house.delivered()
    await house.pass_time(2 * DAY)
    await lost(house, escrow_id)
    await house.pass_time(20 * DAY)

    answer = await unfreeze(client, house, escrow_id)

    assert (answer.status_code, answer.json()["frozen"]) == (200, False)
    assert (await house.escrow(escrow_id)).deadline == house.clock.now() + 5 * DAY
    [told] = await house.told("unfrozen")
    assert (told["reason_code"], told["window"]) == ("operator", "inspection")
    assert WHY not in str(told)
    assert await audited(house, "escrow.unfreeze") == [(ADMIN, WHY)]
    await house.pass_time(5 * DAY)
    assert (await house.escrow(escrow_id)).state == "RELEASED"
    await house.proven()


@pytest.mark.parametrize(
    ("outcome", "stage", "end", "moved"),
    [
        ("RELEASE", "delivered", "RELEASED", (PRICE, NET, 0)),
        ("REFUND", "delivered", "REFUNDED", (PRICE, 0, PRICE)),
        ("REFUND", "funded", "REFUNDED", (PRICE, 0, PRICE)),
    ],
)
async def test_an_operator_ends_a_frozen_deal(client, house, outcome, stage, end, moved):
    escrow_id = await frozen(house, stage)

    answer = await decide(client, house, escrow_id, outcome)
    await house.due()

    escrow = await house.escrow(escrow_id)
    assert (answer.status_code, bool(escrow.frozen)) == (200, False)
    assert (escrow.state, house.rail.moved(escrow_id)) == (end, moved)
    assert await audited(house, f"escrow.{outcome.lower()}") == [(SECOND_ADMIN, WHY)]
    assert await audited(house, "proposal.propose") == [(ADMIN, WHY)]
    assert await audited(house, "proposal.approve") == [(SECOND_ADMIN, "")]
    assert WHY not in str(await house.told())
    await house.proven()


@pytest.mark.fault("X6")
async def test_of_two_administrators_who_decide_at_once_one_does(client, house):
    for number in range(ROUNDS):
        escrow_id = await frozen(house, name=f"x6 {number}")
        release = await propose(client, house, escrow_id, "RELEASE", ADMIN)
        refund = await propose(client, house, escrow_id, "REFUND", SECOND_ADMIN)

        answers = await asyncio.gather(
            approved_by(client, house, release.json(), SECOND_ADMIN),
            approved_by(client, house, refund.json(), ADMIN),
        )
        await house.due()

        assert sorted(one.status_code for one in answers) == [200, 409]
        released = answers[0].status_code == 200
        assert house.rail.moved(escrow_id) == ((PRICE, NET, 0) if released else (PRICE, 0, PRICE))
    await house.proven()


async def test_the_same_key_decides_once(client, house):
    escrow_id = await frozen(house)
    key = {"Idempotency-Key": "operator-key-1"}

    first = await propose(client, house, escrow_id, **key)
    again = await propose(client, house, escrow_id, **key)
    answers = [await approved_by(client, house, first.json()) for _ in range(2)]

    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    assert [one.status_code for one in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert len(await house.payouts(escrow_id)) == 1


@pytest.mark.parametrize("act", [unfreeze, decide])
async def test_only_an_administrator_who_is_no_party_acts(client, house, act):
    mine = await frozen(house, name="mine", buyer_id=ADMIN)
    escrow_id = await frozen(house)

    refused = [await act(client, house, escrow_id, who=who) for who in (BUYER, SELLER)]
    refused.append(await act(client, house, mine))
    unknown = await act(client, house, derive_id("esc", "none"))

    assert [one.status_code for one in refused] == [403] * 3
    assert [one.json()["code"] for one in refused] == [*["role_missing"] * 2, "wrong_party"]
    assert unknown.status_code == 404
    assert (await house.escrow(escrow_id)).frozen == "ownership_lost"


@pytest.mark.parametrize("stage", ["open", "funded", "delivered"])
@pytest.mark.parametrize("act", [unfreeze, decide])
async def test_what_is_not_frozen_is_not_an_operators_to_decide(client, house, act, stage):
    escrow_id = await getattr(house, stage)()

    answer = await act(client, house, escrow_id)

    assert (answer.status_code, answer.json()["code"]) == (409, "not_frozen")


async def test_what_the_table_does_not_allow_an_operator_cannot_either(client, house):
    not_delivered = await frozen(house, "funded")
    decided = await frozen(house, name="decided")
    await house.refund(decided)

    early = await decide(client, house, not_delivered, "RELEASE")
    late = await decide(client, house, decided)

    assert {(one.status_code, one.json()["code"]) for one in (early, late)} == {
        (409, "wrong_state")
    }
    assert (await house.escrow(not_delivered)).frozen == "ownership_lost"


async def test_who_saw_an_older_version_and_who_gives_no_reason_is_refused(client, house):
    escrow_id = await frozen(house)
    path, who = f"/v1/admin/escrows/{escrow_id}/decide", as_person(ADMIN, house.clock)

    outdated = await decide(client, house, escrow_id, **{"If-Match": '"1"'})
    reasonless = await client.post(path, json={"outcome": "REFUND"}, headers=who)
    who.pop("Idempotency-Key")
    keyless = await client.post(path, json={"outcome": "REFUND", "reason": WHY}, headers=who)

    answers = (outdated, reasonless, keyless)
    assert [one.status_code for one in answers] == [412, 422, 400]
    assert (await house.escrow(escrow_id)).state == "DELIVERED"


async def test_while_the_bank_has_the_money_a_deal_does_not_go_on_and_is_not_released(
    client, house
):
    escrow_id = await house.delivered()
    await house.charge_back(escrow_id)

    answers = [
        await unfreeze(client, house, escrow_id),
        await decide(client, house, escrow_id, "RELEASE"),
    ]

    codes = [(one.status_code, one.json()["code"]) for one in answers]
    assert codes == [(409, "funds_missing")] * 2
    assert (await house.escrow(escrow_id)).frozen == "chargeback"


async def test_a_deal_that_the_bank_paid_back_ends_as_refunded_and_pays_nothing(client, house):
    escrow_id = await house.delivered()
    await house.charge_back(escrow_id)

    answer = await decide(client, house, escrow_id)
    await house.pass_time(DAY)

    assert (answer.status_code, (await house.escrow(escrow_id)).state) == (200, "REFUNDED")
    assert house.rail.moved(escrow_id) == (PRICE, 0, 0)
    [refunded] = await house.told("refunded")
    assert (refunded["amount"]["minor"], refunded["reason_code"]) == (PRICE, "decided_by_operator")
    assert await house.told("refund_started") == []
    await house.proven()
    await house.charge_back(escrow_id, taken=False)
    escrow = await house.escrow(escrow_id)
    assert (escrow.state, escrow.held, escrow.surplus) == ("REFUNDED", usd(0), usd(PRICE))
    await house.proven()


async def test_what_the_bank_left_goes_back_tranche_by_tranche(client, house):
    escrow_id = await house.open(some_terms(tranches=HALVES))
    await house.onboarded()
    await house.pay(escrow_id, 300_000)
    await house.pay(escrow_id)
    await house.charge_back(escrow_id, 300_000, charge=0)

    answer = await decide(client, house, escrow_id)
    await house.due()

    escrow = await house.escrow(escrow_id)
    assert (answer.status_code, escrow.state) == (200, "REFUNDED")
    assert house.rail.moved(escrow_id) == (PRICE, 0, PRICE - 300_000)
    assert [one.amount.minor for one in await house.payouts(escrow_id)] == [PRICE - 300_000]
    assert [each.outcome for each in escrow.tranches] == ["REFUND", "REFUND"]
    await house.proven()


@pytest.mark.abuse("A13")
async def test_what_is_proposed_moves_no_money_and_is_shown_as_it_will_be_done(client, house):
    escrow_id = await frozen(house)
    before = await house.told()

    proposal = (await propose(client, house, escrow_id, "RELEASE")).json()
    await house.due()

    assert (await house.escrow(escrow_id)).state == "DELIVERED"
    assert (await house.told(), await house.payouts(escrow_id)) == (before, [])
    shown = {"seller": NET, "buyer": 0, "fee": FEE}
    amounts = {side: {"minor": minor, "currency": "USD"} for side, minor in shown.items()}
    assert proposal["does"] == {"outcome": "RELEASE", **amounts}
    path = f"/v1/admin/proposals/escrow/{proposal['proposal_id']}"
    for who in (ADMIN, SECOND_ADMIN):
        read = await client.get(path, headers=as_person(who, house.clock))
        assert read.json() == proposal
    listed = await client.get(path.rpartition("/")[0], headers=as_person(ADMIN, house.clock))
    assert [each["proposal_id"] for each in listed.json()["data"]] == [proposal["proposal_id"]]
    await house.proven()


@pytest.mark.abuse("A13", "A14")
async def test_what_moved_meanwhile_is_not_done(client, house):
    escrow_id = await frozen(house)
    proposal = (await propose(client, house, escrow_id)).json()
    await unfreeze(client, house, escrow_id)
    await lost(house, escrow_id)

    answer = await approved_by(client, house, proposal)

    assert (answer.status_code, answer.json()["code"]) == (409, "proposal_outdated")
    assert (await house.escrow(escrow_id)).state == "DELIVERED"
    assert await house.payouts(escrow_id) == []


@pytest.mark.abuse("A14")
async def test_who_is_a_party_does_not_approve(client, house):
    escrow_id = await frozen(house, buyer_id=SECOND_ADMIN)
    proposal = (await propose(client, house, escrow_id)).json()

    answer = await approved_by(client, house, proposal)

    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_party")
    assert await house.payouts(escrow_id) == []


@pytest.mark.abuse("A13")
async def test_many_approvals_at_once_pay_once(client, house):
    escrow_id = await frozen(house)
    proposal = (await propose(client, house, escrow_id)).json()

    answers = await asyncio.gather(*(approved_by(client, house, proposal) for _ in range(5)))
    await house.due()

    assert {one.status_code for one in answers} == {200}
    assert len(await house.payouts(escrow_id)) == 1
    assert house.rail.moved(escrow_id) == (PRICE, 0, PRICE)
    await house.proven()
