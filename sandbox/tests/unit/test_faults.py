"""Faults that are ordered strike what they match, as often as ordered."""

import asyncio

import pytest
from aiohttp import ClientConnectionError
from sandbox.faults import BadFault, Fault, Faults, Kind, parse
from stripe_harness import a_harness


def test_a_fault_strikes_as_often_as_it_was_ordered_and_only_its_target() -> None:
    faults = Faults()
    faults.order(Fault("stripe", Kind.STATUS, "POST /v1/*", times=2))
    assert faults.take("stripe", "GET /v1/balance", Kind.STATUS) is None
    assert faults.take("discord", "POST /v1/refunds", Kind.STATUS) is None
    assert faults.take("stripe", "POST /v1/refunds", Kind.DELAY) is None
    assert faults.take("stripe", "POST /v1/refunds", Kind.STATUS) is not None
    assert faults.take("stripe", "POST /v1/transfers", Kind.STATUS) is not None
    assert faults.take("stripe", "POST /v1/refunds", Kind.STATUS) is None
    assert faults.pending() == []


@pytest.mark.parametrize(
    "order",
    [
        [],
        {"party": "stripe"},
        {"party": "stripe", "kind": "explode"},
        {"party": "stripe", "kind": "status", "colour": "red"},
        {"party": "stripe", "kind": "status", "times": 0},
        {"party": "stripe", "kind": "status", "times": True},
        {"party": "stripe", "kind": "status", "status": 200},
        {"party": "stripe", "kind": "delay", "delay_s": "1"},
        {"party": "stripe", "kind": "delay", "delay_s": 1e9},
        {"party": 5, "kind": "delay"},
    ],
)
def test_an_order_that_cannot_be_followed_is_refused(order: object) -> None:
    with pytest.raises(BadFault):
        parse(order)


async def test_faults_are_ordered_read_and_taken_back_over_http() -> None:
    async with a_harness() as harness:
        await harness.fault("status", "GET /v1/balance", status=503, times=5)
        assert (await harness.raw("GET", "/v1/balance")).status == 503
        assert (await harness.look("faults"))["faults"][0]["times"] == 4
        async with harness.http.delete(f"{harness.base}/control/faults") as response:
            assert response.status == 204
        assert (await harness.raw("GET", "/v1/balance")).status == 200
        wrong = {"party": "paypal", "kind": "status"}
        assert "party" in (await harness.control("faults", wrong, status=400))["error"]


async def test_a_dropped_request_has_no_effect_and_a_dropped_reply_has_it() -> None:
    async with a_harness() as harness:
        for kind, made in (("drop_request", 0), ("drop_reply", 1)):
            await harness.fault(kind, "POST /v1/customers")
            with pytest.raises(ClientConnectionError):
                await harness.raw("POST", "/v1/customers", {"name": "n"})
            objects = await harness.look("stripe/objects/customer")
            assert len(objects["data"]) == made


async def test_a_fault_may_name_its_own_body_and_headers() -> None:
    async with a_harness() as harness:
        more = {"status": 429, "body": {"retry_after": 1}, "headers": {"Retry-After": "1"}}
        await harness.fault("status", "* /connect/*", **more)
        response = await harness.http.get(f"{harness.base}/stripe/connect/link")
        assert (response.status, response.headers["Retry-After"]) == (429, "1")
        assert await response.json() == {"retry_after": 1}


async def test_the_clock_is_read_and_moved_over_http() -> None:
    async with a_harness() as harness:
        assert (await harness.look("clock"))["offset_s"] == 0
        assert (await harness.control("clock", {"advance_s": 60}))["offset_s"] == 60
        await harness.control("clock", {"advance_s": "soon"}, status=400)
        assert harness.clock.offset_s() == 60


@pytest.mark.fault("W9")
async def test_a_delayed_reply_comes_after_the_webhook_of_its_effect() -> None:
    async with a_harness() as harness:
        await harness.fault("delay_reply", "POST /v1/customers", delay_s=0.3)
        asked = asyncio.create_task(harness.raw("POST", "/v1/customers", {"name": "n"}))
        await harness.endpoint.until_type("customer.created")
        assert not asked.done()
        assert (await asked).status == 200
