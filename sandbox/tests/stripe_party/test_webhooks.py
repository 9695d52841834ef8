"""Events reach the endpoint signed, at least once, in no promised order."""

import pytest
import stripe
from stripe_builders import WEBHOOK_SECRET, Stand, a_stand


async def states(stand: Stand, kind: str) -> list[str]:
    deliveries = (await stand.look("stripe/deliveries"))["data"]
    return [one["state"] for one in deliveries if one["type"] == kind]


async def attempts(stand: Stand) -> int:
    deliveries = (await stand.look("stripe/deliveries"))["data"]
    return sum(len(one["attempts"]) for one in deliveries)


async def test_the_signature_is_one_that_the_real_library_accepts(stand: Stand) -> None:
    await stand.paid_charge()
    event = await stand.endpoint.until_type("payment_intent.succeeded")
    assert stand.endpoint.refused == []
    listed = await stand.client.v1.events.list_async({"types": ["payment_intent.succeeded"]})
    assert [one.id for one in listed.data] == [event["id"]]
    assert event["api_version"] == "2026-10-28.endive"


async def test_an_event_names_the_request_it_came_from(stand: Stand) -> None:
    await stand.client.v1.customers.create_async({"name": "n"}, {"idempotency_key": "k"})
    event = await stand.endpoint.until_type("customer.created")
    assert event["request"]["idempotency_key"] == "k"
    assert event["request"]["id"].startswith("req_")


@pytest.mark.fault("W7")
async def test_a_refused_delivery_is_tried_again_until_it_is_taken(stand: Stand) -> None:
    stand.endpoint.statuses = [500, 503, 400]
    await stand.client.v1.customers.create_async({"name": "n"})
    await stand.endpoint.until_type("customer.created")
    await stand.endpoint.until(lambda: len(stand.endpoint.headers) == 4)
    delivery = (await stand.look("stripe/deliveries"))["data"][0]
    assert [attempt["status"] for attempt in delivery["attempts"]] == [500, 503, 400, 200]


async def test_retries_wait_as_long_as_stripe_does_in_moved_time() -> None:
    async with a_stand(webhook_retry_scale=1.0) as stand:
        stand.endpoint.statuses = [500]
        await stand.client.v1.customers.create_async({"name": "n"})
        await stand.until(lambda: attempts(stand), 1)
        stand.clock.move(301)
        await stand.endpoint.until_type("customer.created")


async def test_a_delivery_is_given_up_after_three_days(stand: Stand) -> None:
    stand.endpoint.statuses = [500] * 11
    await stand.control("stripe/webhooks", {"retry_scale": 0.0})
    await stand.client.v1.customers.create_async({"name": "n"})
    await stand.endpoint.until(lambda: len(stand.endpoint.headers) == 11)
    await stand.until(lambda: states(stand, "customer.created"), ["failed"])


async def test_a_silenced_event_is_listed_but_never_delivered(stand: Stand) -> None:
    await stand.fault("silence", "payment_intent.succeeded")
    await stand.paid_charge()
    await stand.endpoint.until_type("charge.succeeded")
    assert await states(stand, "payment_intent.succeeded") == ["silenced"]
    listed = await stand.client.v1.events.list_async({"type": "payment_intent.succeeded"})
    assert len(listed.data) == 1
    assert "payment_intent.succeeded" not in stand.endpoint.types()


@pytest.mark.fault("W1")
async def test_an_event_can_come_twice(stand: Stand) -> None:
    await stand.fault("duplicate", "payment_intent.succeeded")
    await stand.paid_charge()
    await stand.endpoint.until_type("payment_intent.succeeded", count=2)
    ids = {e["id"] for e in stand.endpoint.events if e["type"] == "payment_intent.succeeded"}
    assert len(ids) == 1


async def test_an_event_is_replayed_as_often_as_asked(stand: Stand) -> None:
    await stand.client.v1.customers.create_async({"name": "n"})
    event = await stand.endpoint.until_type("customer.created")
    again = await stand.control("stripe/events/replay", {"id": event["id"], "times": 10})
    assert [one["state"] for one in again["data"]] == ["delivered"] * 10
    assert stand.endpoint.types().count("customer.created") == 11


@pytest.mark.fault("W2")
async def test_an_event_can_be_overtaken_by_the_next(stand: Stand) -> None:
    await stand.fault("reorder", "payment_intent.created")
    await stand.paid_charge()
    await stand.endpoint.until_type("payment_intent.created")
    types = stand.endpoint.types()
    assert types.index("charge.succeeded") < types.index("payment_intent.created")


async def test_an_event_that_nothing_overtakes_still_comes(stand: Stand) -> None:
    await stand.fault("reorder", "customer.created", delay_s=0.05)
    await stand.client.v1.customers.create_async({"name": "n"})
    await stand.endpoint.until_type("customer.created")


@pytest.mark.fault("W2")
async def test_held_events_are_released_in_the_order_chosen(stand: Stand) -> None:
    await stand.control("stripe/webhooks", {"paused": True})
    charge = await stand.paid_charge()
    await stand.client.v1.refunds.create_async({"charge": charge})
    held = (await stand.look("stripe/deliveries"))["data"]
    assert stand.endpoint.events == []
    backwards = [one["event"] for one in reversed(held)]
    released = await stand.control("stripe/webhooks/deliver", {"ids": backwards})
    assert {one["state"] for one in released["data"]} == {"delivered"}
    assert [event["id"] for event in stand.endpoint.events] == backwards
    await stand.control("stripe/webhooks/deliver", {"ids": ["evt_1"]}, status=400)


async def test_resuming_releases_what_was_held(stand: Stand) -> None:
    await stand.control("stripe/webhooks", {"paused": True})
    await stand.client.v1.customers.create_async({"name": "n"})
    await stand.control("stripe/webhooks", {"paused": False})
    await stand.endpoint.until_type("customer.created")


@pytest.mark.fault("W6")
async def test_during_a_rotation_both_secrets_sign(stand: Stand) -> None:
    await stand.control("stripe/webhooks", {"secrets": ["whsec_new", WEBHOOK_SECRET]})
    await stand.client.v1.customers.create_async({"name": "n"})
    await stand.endpoint.until_type("customer.created")
    assert stand.endpoint.headers[0].count("v1=") == 2


@pytest.mark.fault("W4")
async def test_a_skewed_signature_is_one_that_the_library_refuses(stand: Stand) -> None:
    await stand.control("stripe/webhooks", {"skew_s": -302})
    await stand.client.v1.customers.create_async({"name": "n"})
    await stand.endpoint.until(lambda: bool(stand.endpoint.refused))
    await stand.control("stripe/webhooks", {"skew_s": 0})
    await stand.endpoint.until_type("customer.created")
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event("{}", stand.endpoint.headers[0], WEBHOOK_SECRET)


async def test_a_dead_endpoint_is_an_attempt_without_a_status(stand: Stand) -> None:
    await stand.control("stripe/webhooks", {"url": "http://127.0.0.1:9/nobody"})
    await stand.client.v1.customers.create_async({"name": "n"})
    await stand.control("stripe/webhooks", {"url": stand.endpoint.url})
    await stand.endpoint.until_type("customer.created")


async def test_without_an_endpoint_events_are_listed_only() -> None:
    async with a_stand(webhook_url="") as stand:
        await stand.client.v1.customers.create_async({"name": "n"})
        assert len((await stand.client.v1.events.list_async()).data) == 1
        assert (await stand.look("stripe/deliveries"))["data"] == []
