"""The Stripe rail: Checkout for the buyer, Connect Express for the seller, separate transfers.

The only file that imports stripe. Keys are ``escrow:{id}:{action}:{attempt}``; no retry is left
to the library, for a retry is decided by who knows whether the first call took effect.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

import stripe
from contracts_schema.money import Currency, Money
from stripe import StripeClient

from escrow.domain.errors import RailRefused, RailUnavailable
from escrow.ports import (
    ChargebackSeen,
    ForgedWebhook,
    OpenPayment,
    PaymentOrder,
    PaymentSeen,
    PaymentState,
    PayoutOrder,
    PayoutSeen,
    ProviderEvent,
)
from escrow.rails import signature

T = TypeVar("T")
TIMEOUT_S = 10
API_VERSION = "2026-10-28.endive"
REFUSALS = (
    stripe.CardError,
    stripe.InvalidRequestError,
    stripe.AuthenticationError,
    stripe.PermissionError,
)


@dataclass(frozen=True, slots=True)
class StripeAccess:
    """Where Stripe is and what opens it."""

    api_base: str
    secret_key: str
    webhook_secrets: Sequence[str]


class StripeRail:
    """PaymentRail on Stripe."""

    def __init__(self, access: StripeAccess) -> None:
        self._secrets = tuple(secret for secret in access.webhook_secrets if secret)
        self._http = stripe.HTTPXClient(timeout=TIMEOUT_S)
        self._client = StripeClient(
            access.secret_key,
            base_addresses={"api": access.api_base},
            http_client=self._http,
            max_network_retries=0,
            stripe_version=API_VERSION,
        )

    async def close_connections(self) -> None:
        """Let go of the connections."""
        await cast(Awaitable[None], self._http.close_async())  # type: ignore[no-untyped-call]

    async def open(self, order: PaymentOrder) -> OpenPayment:
        """A Checkout Session: Stripe's own page, so that no card data touches us."""
        metadata = {"escrow_id": order.escrow_id}
        item: Any = {
            "quantity": 1,
            "price_data": {
                "currency": order.amount.currency.lower(),
                "unit_amount": order.amount.minor,
                "product_data": {"name": order.title[:250]},
            },
        }
        session = await _asked(
            self._client.v1.checkout.sessions.create_async(
                {
                    "mode": "payment",
                    "line_items": [item],
                    "payment_intent_data": {
                        "transfer_group": order.escrow_id,
                        "metadata": metadata,
                    },
                    "client_reference_id": order.escrow_id,
                    "metadata": metadata,
                    "success_url": order.done_url,
                },
                {"idempotency_key": order.key},
            )
        )
        expires_at = datetime.fromtimestamp(session.expires_at, UTC)
        return OpenPayment(session.id, str(session.url), expires_at)

    async def look_up_payment(self, reference: str) -> PaymentSeen:
        """The session and its payment intent, as they are now."""
        session = await _asked(self._client.v1.checkout.sessions.retrieve_async(reference))
        intent_id = _id(session.payment_intent)
        if not intent_id:
            expired = session.status == "expired"
            return PaymentSeen(PaymentState.EXPIRED if expired else PaymentState.OPEN)
        intent = await _asked(
            self._client.v1.payment_intents.retrieve_async(
                intent_id, {"expand": ["latest_charge.balance_transaction"]}
            )
        )
        return _payment_seen(intent, str(session.status))

    async def find_payment(self, charge_reference: str) -> str | None:
        """The session that this payment intent belongs to."""
        found = await _asked(
            self._client.v1.checkout.sessions.list_async({"payment_intent": charge_reference})
        )
        return found.data[0].id if found.data else None

    async def close(self, reference: str) -> None:
        """Expire the session; one that is paid or expired already stays as it is."""
        try:
            await _asked(self._client.v1.checkout.sessions.expire_async(reference))
        except RailRefused:
            return  # Only an open session can be expired; what it became is looked up.

    async def pay_out(self, order: PayoutOrder) -> PayoutSeen:
        """A transfer out of the charge that the buyer's payment made."""
        transfer = await _asked(
            self._client.v1.transfers.create_async(
                {
                    "amount": order.amount.minor,
                    "currency": order.amount.currency.lower(),
                    "destination": order.destination,
                    "source_transaction": order.source_reference,
                    "transfer_group": order.escrow_id,
                    "metadata": {"payout_id": order.payout_id},
                },
                {"idempotency_key": order.key},
            )
        )
        return _transfer_seen(transfer)

    async def refund(self, order: PayoutOrder) -> PayoutSeen:
        """A refund of the buyer's payment intent (``order.destination``)."""
        made = await _asked(
            self._client.v1.refunds.create_async(
                {
                    "payment_intent": order.destination,
                    "amount": order.amount.minor,
                    "metadata": {"payout_id": order.payout_id},
                },
                {"idempotency_key": order.key},
            )
        )
        return _refund_seen(made)

    async def find_payout(self, order: PayoutOrder, *, refund: bool) -> PayoutSeen | None:
        """The transfer or refund that carries this payout's id, as it is now."""
        if refund:
            refunds = await _asked(
                self._client.v1.refunds.list_async(
                    {"payment_intent": order.destination, "limit": 100}
                )
            )
            ours = [one for one in refunds.data if _is(one, order.payout_id)]
            good = [one for one in ours if one.status not in {"failed", "canceled"}]
            return _refund_seen(good[0]) if good else None
        transfers = await _asked(
            self._client.v1.transfers.list_async({"transfer_group": order.escrow_id, "limit": 100})
        )
        found = [one for one in transfers.data if _is(one, order.payout_id)]
        return _transfer_seen(found[0]) if found else None

    async def look_up_chargeback(self, reference: str) -> ChargebackSeen:
        """A dispute, as it is now."""
        dispute = await _asked(self._client.v1.disputes.retrieve_async(reference))
        amount = Money(dispute.amount, Currency(dispute.currency.upper()))
        return ChargebackSeen(_id(dispute.charge), amount, dispute.status != "won")

    async def open_account(self, user_id: str, key: str) -> str:
        """An Express account that may receive transfers, and nothing else."""
        account = await _asked(
            self._client.v1.accounts.create_async(
                {
                    "type": "express",
                    "capabilities": {"transfers": {"requested": True}},
                    "metadata": {"user_id": user_id},
                },
                {"idempotency_key": key},
            )
        )
        return account.id

    async def can_be_paid(self, account: str) -> bool:
        """Whether its owner finished onboarding and transfers may go there."""
        found = await _asked(self._client.v1.accounts.retrieve_async(account))
        capability = found.capabilities.transfers if found.capabilities else None
        return bool(found.payouts_enabled) and capability == "active"

    async def onboarding_url(self, account: str, done_url: str, again_url: str) -> str:
        """A single-use page of Stripe's own."""
        link = await _asked(
            self._client.v1.account_links.create_async(
                {
                    "account": account,
                    "type": "account_onboarding",
                    "return_url": done_url,
                    "refresh_url": again_url,
                }
            )
        )
        return link.url

    def read_webhook(self, body: bytes, signature_header: str, now: datetime) -> ProviderEvent:
        """The event in these raw bytes; raises ForgedWebhook or WebhooksOff."""
        signature.check(body, signature_header, self._secrets, now)
        try:
            event = json.loads(body)
            about = event["data"]["object"]
            return _event(str(event["id"]), str(event["type"]), about)
        except (ValueError, KeyError, TypeError) as error:
            raise ForgedWebhook("the body is no event of Stripe's") from error


def _event(event_id: str, kind: str, about: dict[str, Any]) -> ProviderEvent:
    subject, group = str(about["id"]), ""
    if kind.startswith(("charge.dispute.",)):
        group = _id(about.get("charge"))
    elif kind.startswith(("charge.", "refund.")):
        subject = _id(about.get("payment_intent")) or subject
    elif kind.startswith("transfer."):
        group = str(about.get("transfer_group") or "")
    return ProviderEvent(event_id[:255], kind[:255], subject[:255], group[:255])


def _payment_seen(intent: Any, session_status: str) -> PaymentSeen:
    currency = Currency(str(intent.currency).upper())
    charge: Any = intent.latest_charge
    fee = None
    if charge is not None and not isinstance(charge, str):
        transaction = charge.balance_transaction
        if transaction is not None and not isinstance(transaction, str):
            fee = Money(transaction.fee, Currency(str(transaction.currency).upper()))
    if intent.status == "succeeded":
        received = Money(intent.amount_received, currency)
        return PaymentSeen(PaymentState.SUCCEEDED, intent.id, _id(charge), received, fee)
    error: Any = intent.last_payment_error
    if session_status == "expired" or intent.status == "canceled":
        return PaymentSeen(PaymentState.EXPIRED, intent.id)
    if intent.status == "requires_payment_method" and error is not None:
        code = str(error.code or "declined")
        return PaymentSeen(PaymentState.FAILED, intent.id, failure_code=code)
    return PaymentSeen(PaymentState.OPEN, intent.id)


def _transfer_seen(transfer: Any) -> PayoutSeen:
    amount = Money(transfer.amount, Currency(str(transfer.currency).upper()))
    kept = not transfer.reversed and transfer.amount_reversed == 0
    return PayoutSeen(transfer.id, amount, _id(transfer.destination), kept)


def _refund_seen(refund: Any) -> PayoutSeen:
    if refund.status in {"failed", "canceled"}:
        raise RailRefused("refund_failed", str(refund.failure_reason or refund.status))
    amount = Money(refund.amount, Currency(str(refund.currency).upper()))
    return PayoutSeen(refund.id, amount, _id(refund.payment_intent), refund.status == "succeeded")


def _is(found: Any, payout_id: str) -> bool:
    metadata = found.to_dict().get("metadata") or {}
    return bool(metadata.get("payout_id") == payout_id)


def _id(reference: Any) -> str:
    if reference is None:
        return ""
    return reference if isinstance(reference, str) else str(reference["id"])


async def _asked(call: Awaitable[T]) -> T:
    """Await a call to Stripe; its errors become ours."""
    try:
        return await call
    except stripe.IdempotencyError as error:
        raise RailRefused("idempotency_error", str(error)) from error
    except REFUSALS as error:
        raise RailRefused(str(error.code or type(error).__name__), str(error)) from error
    except stripe.StripeError as error:
        raise RailUnavailable(f"Stripe: {type(error).__name__}") from error
