"""Webhooks are believed only when they were signed a moment ago, by a secret of ours."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest
from contracts_schema.terms import Rail
from escrow.adapters.stripe.events import read_event
from escrow.adapters.stripe.signature import require_signature
from escrow.app import create_app
from escrow.pages.landing import Left, returned
from escrow.ports import About, BadWebhook, Notice, Unreadable
from escrow_builders import NOON, settings

BODY = b'{"id": "evt_1"}'


def signed(body: bytes = BODY, secret: str = "whsec_a", skew_s: int = 0) -> str:
    at = int(NOON.timestamp()) + skew_s
    mark = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={mark}"


@pytest.mark.fault("W4")
@pytest.mark.parametrize("skew_s", [-299, -300, 0, 299, 300])
def test_a_signature_of_a_moment_ago_is_taken(skew_s):
    require_signature(signed(skew_s=skew_s), BODY, ["whsec_a"], NOON)


@pytest.mark.fault("W4")
@pytest.mark.parametrize("skew_s", [-301, 301, -86_400, 86_400])
@pytest.mark.abuse("W2")
def test_a_signature_of_long_ago_or_of_the_future_is_refused(skew_s):
    with pytest.raises(BadWebhook, match="300 s"):
        require_signature(signed(skew_s=skew_s), BODY, ["whsec_a"], NOON)


@pytest.mark.fault("W6")
def test_while_a_secret_is_rotated_either_is_taken():
    new = signed(secret="whsec_b")
    both = f"{signed()},{new.split(',')[1]}"

    require_signature(new, BODY, ["whsec_a", "whsec_b"], NOON)
    require_signature(both, BODY, ["whsec_b"], NOON)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=1",
        "v1=abc",
        f"t={int(NOON.timestamp())},v1=",
        f"t={int(NOON.timestamp())},v0=abc",
        f"t=-{int(NOON.timestamp())},v1=abc",
        f"t={'9' * 400},v1=abc",
        f"t={int(NOON.timestamp())},t=1,v1=abc",
        f"t={int(NOON.timestamp())},v1=\u00e9\ud800",
        "t=\u0661\u0662,v1=abc",
        signed(secret="whsec_other"),
        signed(body=BODY + b" "),
    ],
)
@pytest.mark.abuse("W1")
def test_what_is_not_signed_is_refused(header):
    with pytest.raises(BadWebhook):
        require_signature(header, BODY, ["whsec_a"], NOON)


def test_without_secrets_nothing_is_taken():
    with pytest.raises(BadWebhook):
        require_signature(signed(secret=""), BODY, [], NOON)


@pytest.mark.parametrize(
    ("kind", "subject", "about"),
    [
        ("payment_intent.succeeded", "pi_1", About.PAYMENT),
        ("payment_intent.payment_failed", "pi_1", About.PAYMENT),
        ("payment_intent.canceled", "pi_1", About.PAYMENT),
        ("charge.refunded", "ch_1", About.REFUNDS),
        ("charge.updated", "ch_1", About.CHARGE),
        ("charge.dispute.created", "dp_1", About.CHARGEBACK),
        ("charge.dispute.closed", "dp_1", About.CHARGEBACK),
        ("transfer.created", "tr_1", About.PAYOUT),
        ("transfer.reversed", "tr_1", About.RETURNED),
        ("account.updated", "acct_1", About.ACCOUNT),
        ("customer.created", "cus_1", About.NOTHING),
    ],
)
def test_an_event_says_where_to_look(kind, subject, about):
    event = {"id": "evt_1", "type": kind, "data": {"object": {"id": subject}}}

    assert read_event(json.dumps(event).encode(), live=True) == Notice(
        "evt_1", kind, about, subject
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b"null",
        b'{"id": 1, "type": "x", "data": {"object": {}}}',
        b'{"id": "evt_1", "type": "x", "data": {"object": []}}',
        b'{"id": "", "type": "x", "data": {"object": {}}}',
        b'{"id": "evt\\u0000", "type": "x", "data": {"object": {}}}',
        b'{"id": "evt_1", "type": "transfer.created", "data": {"object": {}}}',
        b"[" * 5_000,
    ],
)
def test_what_is_no_event_is_unreadable(body):
    with pytest.raises(Unreadable):
        read_event(body, live=True)


@pytest.mark.abuse("W4")
@pytest.mark.parametrize(
    ("key", "livemode", "about"),
    [
        ("sk_live_1", True, About.PAYMENT),
        ("rk_live_1", True, About.PAYMENT),
        ("sk_test_1", False, About.PAYMENT),
        ("sk_live_1", False, About.NOTHING),
        ("sk_test_1", True, About.NOTHING),
        ("sk_test_1", "false", About.NOTHING),
    ],
)
def test_an_event_of_the_other_mode_is_about_nothing(key, livemode, about):
    made = settings(stripe_secret_key=key).stripe()
    event = {"id": "evt_1", "type": "payment_intent.succeeded", "livemode": livemode}
    body = json.dumps(event | {"data": {"object": {"id": "pi_1"}}}).encode()

    assert read_event(body, live=made.is_live).about is about


def test_settings_split_rails_and_secrets():
    made = settings(stripe_webhook_secret="whsec_a, whsec_b,", rails="STRIPE")

    assert made.webhook_secrets() == ("whsec_a", "whsec_b")
    assert made.enabled_rails() == (Rail.STRIPE,)
    assert settings(stripe_webhook_secret="").webhook_secrets() == ()


def test_a_rail_without_an_adapter_stops_the_start_with_a_clear_word():
    with pytest.raises(ValueError, match="HOLDFAST_RAILS names USDC_BASE"):
        create_app(settings(rails="STRIPE,USDC_BASE"))


async def test_the_pages_say_what_happens_next():
    assert b"being confirmed" in (await returned(Left.PAID)).body
