"""The Stripe rail: the only code that knows Stripe. Separate charges and transfers.

The buyer pays on Stripe's own page, so no card data touches us. Nothing is retried in here: a
call that may have worked is looked up by the handlers before it is made again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import stripe
from contracts_schema.money import Currency
from contracts_schema.terms import Rail

from escrow.adapters.stripe import objects
from escrow.adapters.stripe.events import read_event
from escrow.adapters.stripe.signature import require_signature
from escrow.ports import (
    AccountSeen,
    ChargebackSeen,
    Notice,
    PaymentAsk,
    PaymentPage,
    PaymentSeen,
    PayoutOrder,
    PayoutSeen,
    RailMissing,
    RailRefused,
    RailUnavailable,
    RailUnknown,
)

VERSION = "2026-10-28.endive"
TIMEOUT_S = 12.0
PAGE = 100
SHOWN = ["payment_intent.latest_charge.balance_transaction"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StripeSettings:
    """Where Stripe is, how it knows us, and where its pages send people back to."""

    api_base: str
    secret_key: str
    webhook_secrets: tuple[str, ...]
    paid_url: str
    left_url: str
    onboarded_url: str
    link_expired_url: str

    @property
    def is_live(self) -> bool:
        """Whether the key moves real money."""
        return "_live_" in self.secret_key


class StripeRail:
    """The rail of cards, up to the threshold."""

    rail = Rail.STRIPE
    currencies = frozenset({Currency.USD})

    def __init__(self, settings: StripeSettings) -> None:
        """Prepare the client; nothing connects yet."""
        self._settings = settings
        # It would write a number of this machine into its user's folder, and tell Stripe.
        stripe.enable_telemetry = False
        self._http = stripe.HTTPXClient(timeout=TIMEOUT_S)
        self._stripe = stripe.StripeClient(
            settings.secret_key,
            base_addresses={"api": settings.api_base.rstrip("/")},
            http_client=self._http,
            stripe_version=VERSION,
            max_network_retries=0,
        )

    @property
    def takes_webhooks(self) -> bool:
        """Whether there is a secret to verify them by."""
        return bool(self._settings.webhook_secrets)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.close_async()  # type: ignore[no-untyped-call]

    async def open(self, ask: PaymentAsk) -> PaymentPage:
        """A Checkout Session in payment mode, bound to the escrow by its transfer group."""
        metadata = {"escrow_id": ask.escrow_id, "payment_id": ask.payment_id}
        price = {
            "currency": ask.amount.currency.lower(),
            "unit_amount": ask.amount.minor,
            "product_data": {"name": ask.title},
        }
        asked: Any = {
            "mode": "payment",
            "allowed_payment_method_types": ["card"],
            "line_items": [{"quantity": 1, "price_data": price}],
            "payment_intent_data": {"transfer_group": ask.escrow_id, "metadata": metadata},
            "metadata": metadata,
            "client_reference_id": ask.escrow_id,
            "expires_at": int(ask.expires_at.timestamp()),
            "success_url": self._settings.paid_url,
            "cancel_url": self._settings.left_url,
        }
        session = await _change(
            self._stripe.v1.checkout.sessions.create_async(asked, {"idempotency_key": ask.key})
        )
        return PaymentPage(session.id, session.url)

    async def look_up_payment(self, reference: str) -> PaymentSeen:
        """The session with its payment, charge and Stripe's fee, in one call."""
        session = await _read(
            self._stripe.v1.checkout.sessions.retrieve_async(reference, {"expand": SHOWN})
        )
        return objects.payment(session)

    async def close_payment(self, reference: str) -> PaymentSeen:
        """Expire the session; one that was paid, or had expired, is shown as it is."""
        seen = await self.look_up_payment(reference)
        if not objects.can_expire(seen):
            return seen
        try:
            await _change(self._stripe.v1.checkout.sessions.expire_async(reference))
        except RailRefused:
            pass  # It was paid or had expired a moment ago: what it is now is looked up.
        return await self.look_up_payment(reference)

    async def reference_of(self, subject: str) -> str | None:
        """The session that a payment intent came from; a session is its own reference."""
        if subject.startswith("cs_"):
            return subject
        asked: Any = {"payment_intent": subject, "limit": 1}
        found = await _read(self._stripe.v1.checkout.sessions.list_async(asked))
        return found.data[0].id if found.data else None

    async def pay_out(self, order: PayoutOrder) -> str:
        """A transfer to the seller's account, out of the buyer's charge."""
        if order.destination is None:
            raise RailRefused("no_destination", "The seller has no account to be paid to.")
        asked: Any = {
            "amount": order.amount.minor,
            "currency": order.amount.currency.lower(),
            "destination": order.destination,
            "source_transaction": order.charge_id,
            "transfer_group": order.escrow_id,
            "metadata": _metadata(order),
        }
        transfer = await _change(
            self._stripe.v1.transfers.create_async(asked, {"idempotency_key": order.key})
        )
        return transfer.id

    async def refund(self, order: PayoutOrder) -> str:
        """A refund of the buyer's charge, whole or in part."""
        asked: Any = {
            "charge": order.charge_id,
            "amount": order.amount.minor,
            "metadata": _metadata(order),
        }
        refund = await _change(
            self._stripe.v1.refunds.create_async(asked, {"idempotency_key": order.key})
        )
        return refund.id

    async def look_up_payout(self, provider_id: str) -> PayoutSeen:
        """The transfer or the refund, as Stripe shows it now."""
        if provider_id.startswith("tr_"):
            transfer = await _read(self._stripe.v1.transfers.retrieve_async(provider_id))
            return objects.transfer(transfer)
        asked: Any = {"expand": ["charge"]}
        return objects.refund(
            await _read(self._stripe.v1.refunds.retrieve_async(provider_id, asked))
        )

    async def find_payout(self, order: PayoutOrder) -> PayoutSeen | None:
        """What was made for this order, found by its group or charge and our own id in it."""
        if order.destination is not None:
            in_group: Any = {"transfer_group": order.escrow_id, "limit": PAGE}
            transfers = await _read(self._stripe.v1.transfers.list_async(in_group))
            async for transfer in _all(transfers):
                if objects.is_ordered(transfer, order.payout_id):
                    return objects.transfer(transfer)
            return None
        of_charge: Any = {"charge": order.charge_id, "limit": PAGE, "expand": ["data.charge"]}
        refunds = await _read(self._stripe.v1.refunds.list_async(of_charge))
        async for refund in _all(refunds):
            # A refund that failed gave nothing back: another may be made.
            if objects.is_ordered(refund, order.payout_id) and not objects.has_failed(refund):
                return objects.refund(refund)
        return None

    async def open_account(self, user_id: str, key: str) -> str:
        """An Express account that can receive transfers, once its owner was onboarded."""
        asked: Any = {
            "type": "express",
            "capabilities": {"transfers": {"requested": True}},
            "metadata": {"user_id": user_id},
        }
        account = await _change(
            self._stripe.v1.accounts.create_async(asked, {"idempotency_key": key})
        )
        return account.id

    async def account_link(self, account_id: str) -> str:
        """Stripe's onboarding page for this account; single use, a few minutes."""
        asked: Any = {
            "account": account_id,
            "type": "account_onboarding",
            "refresh_url": self._settings.link_expired_url,
            "return_url": self._settings.onboarded_url,
        }
        link = await _change(self._stripe.v1.account_links.create_async(asked))
        return link.url

    async def look_up_account(self, account_id: str) -> AccountSeen:
        """Whether transfers to the account are active."""
        account = await _read(self._stripe.v1.accounts.retrieve_async(account_id))
        return objects.account(account)

    async def look_up_chargeback(self, provider_id: str) -> ChargebackSeen:
        """The dispute, with the fee that Stripe took for it."""
        return objects.chargeback(await _read(self._stripe.v1.disputes.retrieve_async(provider_id)))

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Verify Stripe-Signature on the raw bytes, then read what the event is about."""
        header = headers.get("stripe-signature", "")
        require_signature(header, body, self._settings.webhook_secrets, now)
        return read_event(body, live=self._settings.is_live)


def _metadata(order: PayoutOrder) -> dict[str, str]:
    return {"escrow_id": order.escrow_id, "payout_id": order.payout_id}


async def _read(call: Awaitable[T]) -> T:
    """A call that changes nothing: whatever goes wrong, it can be made again."""
    try:
        return await call
    except stripe.InvalidRequestError as error:
        gone = error.http_status == 404 and error.code == "resource_missing"
        raise (RailMissing if gone else RailUnavailable)(_shown(error)) from error
    except stripe.StripeError as error:
        raise RailUnavailable(_shown(error)) from error


async def _change(call: Awaitable[T]) -> T:
    """A call that may change something: what is not known to be refused is in doubt."""
    try:
        return await call
    except (stripe.RateLimitError, stripe.AuthenticationError) as error:
        raise RailUnavailable(_shown(error)) from error
    except stripe.APIConnectionError as error:
        raise RailUnknown(_shown(error), answered=False) from error
    except (
        stripe.InvalidRequestError,
        stripe.CardError,
        stripe.PermissionError,
        stripe.IdempotencyError,
    ) as error:
        raise RailRefused(error.code or "refused", _shown(error)) from error
    except stripe.StripeError as error:
        # 409: the same key is being worked on; 5xx: Stripe has answered, and saved the answer.
        answered = (error.http_status or 0) >= 500
        raise RailUnknown(_shown(error), answered=answered) from error


def _shown(error: stripe.StripeError) -> str:
    return f"{type(error).__name__} {error.http_status or ''}: {error.user_message or error}"[:400]


def _all(page: Any) -> Any:
    return page.auto_paging_iter()
