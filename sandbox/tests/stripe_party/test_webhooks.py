"""Events reach the endpoint signed, at least once, in no promised order."""

import pytest
import stripe
from stripe_harness import WEBHOOK_SECRET, Harness, a_harness


async def states(harness: Harness, kind: str) -> list[str]:
    deliveries = (await harness.look("stripe/deliveries"))["data"]
    return [one["state"] for one in deliveries if one["type"] == kind]


async def attempts(harness: Harness) -> int:
    deliveries = (await harness.look("stripe/deliveries"))["data"]
    return sum(len(one["attempts"]) for one in deliveries)


async def test_the_signature_is_one_that_the_real_library_accepts(harness: Harness) -> None:
    await harness.paid_charge()
    event = await harness.endpoint.until_type("payment_intent.succeeded")
    assert harness.endpoint.refused == []
    listed = await harness.client.v1.events.list_async({"types": ["payment_intent.succeeded"]})
    assert [one.id for one in listed.data] == [event["id"]]
    assert event["api_version"] == "2026-10-28.endive"


async def test_an_event_names_the_request_it_came_from(harness: Harness) -> None:
    await harness.client.v1.customers.create_async({"name": "n"}, {"idempotency_key": "k"})
    event = await harness.endpoint.until_type("customer.created")
    assert event["request"]["idempotency_key"] == "k"
    assert event["request"]["id"].startswith("req_")


@pytest.mark.fault("W7")
async def test_a_refused_delivery_is_tried_again_until_it_is_taken(harness: Harness) -> None:
    harness.endpoint.statuses = [500, 503, 400]
    await harness.client.v1.customers.create_async({"name": "n"})
    await harness.endpoint.until_type("customer.created")
    await harness.endpoint.until(lambda: len(harness.endpoint.headers) == 4)
    delivery = (await harness.look("stripe/deliveries"))["data"][0]
    assert [attempt["status"] for attempt in delivery["attempts"]] == [500, 503, 400, 200]


async def test_retries_wait_as_long_as_stripe_does_in_moved_time() -> None:
    async with a_harness(webhook_retry_scale=1.0) as harness:
        harness.endpoint.statuses = [500]
        await harness.client.v1.customers.create_async({"name": "n"})
        await harness.until(lambda: attempts(harness), 1)
        harness.clock.move(301)
        await harness.endpoint.until_type("customer.created")


async def test_a_delivery_is_given_up_after_three_days(harness: Harness) -> None:
    harness.endpoint.statuses = [500] * 11
    await harness.control("stripe/webhooks", {"retry_scale": 0.0})
    await harness.client.v1.customers.create_async({"name": "n"})
    await harness.endpoint.until(lambda: len(harness.endpoint.headers) == 11)
    await harness.until(lambda: states(harness, "customer.created"), ["failed"])


async def test_a_silenced_event_is_listed_but_never_delivered(harness: Harness) -> None:
    await harness.fault("silence", "payment_intent.succeeded")
    await harness.paid_charge()
    await harness.endpoint.until_type("charge.succeeded")
    assert await states(harness, "payment_intent.succeeded") == ["silenced"]
    listed = await harness.client.v1.events.list_async({"type": "payment_intent.succeeded"})
    assert len(listed.data) == 1
    assert "payment_intent.succeeded" not in harness.endpoint.types()


@pytest.mark.fault("W1")
async def test_an_event_can_come_twice(harness: Harness) -> None:
    await harness.fault("duplicate", "payment_intent.succeeded")
    await harness.paid_charge()
    await harness.endpoint.until_type("payment_intent.succeeded", count=2)
    ids = {e["id"] for e in harness.endpoint.events if e["type"] == "payment_intent.succeeded"}
    assert len(ids) == 1


async def test_an_event_is_replayed_as_often_as_asked(harness: Harness) -> None:
    await harness.client.v1.customers.create_async({"name": "n"})
    event = await harness.endpoint.until_type("customer.created")
    again = await harness.control("stripe/events/replay", {"id": event["id"], "times": 10})
    assert [one["state"] for one in again["data"]] == ["delivered"] * 10
    assert harness.endpoint.types().count("customer.created") == 11


@pytest.mark.fault("W2")
async def test_an_event_can_be_overtaken_by_the_next(harness: Harness) -> None:
    await harness.fault("reorder", "payment_intent.created")
    await harness.paid_charge()
    await harness.endpoint.until_type("payment_intent.created")
    types = harness.endpoint.types()
    assert types.index("charge.succeeded") < types.index("payment_intent.created")


async def test_an_event_that_nothing_overtakes_still_comes(harness: Harness) -> None:
    await harness.fault("reorder", "customer.created", delay_s=0.05)
    await harness.client.v1.customers.create_async({"name": "n"})
    await harness.endpoint.until_type("customer.created")


@pytest.mark.fault("W2")
async def test_held_events_are_released_in_the_order_chosen(harness: Harness) -> None:
    await harness.control("stripe/webhooks", {"paused": True})
    charge = await harness.paid_charge()
    await harness.client.v1.refunds.create_async({"charge": charge})
    held = (await harness.look("stripe/deliveries"))["data"]
    assert harness.endpoint.events == []
    backwards = [one["event"] for one in reversed(held)]
    released = await harness.control("stripe/webhooks/deliver", {"ids": backwards})
    assert {one["state"] for one in released["data"]} == {"delivered"}
    assert [event["id"] for event in harness.endpoint.events] == backwards
    await harness.control("stripe/webhooks/deliver", {"ids": ["evt_1"]}, status=400)


async def test_resuming_releases_what_was_held(harness: Harness) -> None:
    await harness.control("stripe/webhooks", {"paused": True})
    await harness.client.v1.customers.create_async({"name": "n"})
    await harness.control("stripe/webhooks", {"paused": False})
    await harness.endpoint.until_type("customer.created")


@pytest.mark.fault("W6")
async def test_during_a_rotation_both_secrets_sign(harness: Harness) -> None:
    await harness.control("stripe/webhooks", {"secrets": ["whsec_new", WEBHOOK_SECRET]})
    await harness.client.v1.customers.create_async({"name": "n"})
    await harness.endpoint.until_type("customer.created")
    assert harness.endpoint.headers[0].count("v1=") == 2


@pytest.mark.fault("W4")
async def test_a_skewed_signature_is_one_that_the_library_refuses(harness: Harness) -> None:
    await harness.control("stripe/webhooks", {"skew_s": -302})
    await harness.client.v1.customers.create_async({"name": "n"})
    await harness.endpoint.until(lambda: bool(harness.endpoint.refused))
    await harness.control("stripe/webhooks", {"skew_s": 0})
    await harness.endpoint.until_type("customer.created")
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event("{}", harness.endpoint.headers[0], WEBHOOK_SECRET)


async def test_a_dead_endpoint_is_an_attempt_without_a_status(harness: Harness) -> None:
    await harness.control("stripe/webhooks", {"url": "http://127.0.0.1:9/nobody"})
    await harness.client.v1.customers.create_async({"name": "n"})
    await harness.control("stripe/webhooks", {"url": harness.endpoint.url})
    await harness.endpoint.until_type("customer.created")


async def test_without_an_endpoint_events_are_listed_only() -> None:
    async with a_harness(webhook_url="") as harness:
        await harness.client.v1.customers.create_async({"name": "n"})
        assert len((await harness.client.v1.events.list_async()).data) == 1
        assert (await harness.look("stripe/deliveries"))["data"] == []
