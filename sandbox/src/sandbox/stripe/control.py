"""What tests and the demo do to Stripe that no API call can: `/control/stripe/…`."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from sandbox.stripe import accounts, balance, checkout, disputes, payments, refunds
from sandbox.stripe.books import books
from sandbox.stripe.errors import StripeError
from sandbox.stripe.store import PREFIXES, JsonObject
from sandbox.stripe.webhooks import Webhooks
from sandbox.stripe.world import World

Act = Callable[[web.Request, JsonObject], Awaitable[Any]]
SETTLE_S = 10.0


class Control:
    """The drivers' side of the party."""

    def __init__(self, world: World, webhooks: Webhooks) -> None:
        self._world = world
        self._webhooks = webhooks

    def routes(self) -> list[web.RouteDef]:
        """Every control route; each answers JSON, and 400 with `error` what it cannot do."""
        at = "/control/stripe"
        return [
            web.get("/control/books", _told(self.books)),
            web.get(at + "/objects/{kind}", _told(self.objects)),
            web.get(at + "/deliveries", _told(self.deliveries)),
            web.post(at + "/events/replay", _told(self.replay)),
            web.post(at + "/webhooks", _told(self.configure)),
            web.post(at + "/webhooks/deliver", _told(self.deliver)),
            web.post(at + "/payment_intents/{id}/pay", _told(self.pay)),
            web.post(at + "/payment_intents/{id}/authenticate", _told(self.authenticate)),
            web.post(at + "/checkout/sessions/{id}/pay", _told(self.pay_session)),
            web.post(at + "/accounts/{id}/onboard", _told(self.onboard)),
            web.post(at + "/accounts/{id}/restrict", _told(self.restrict)),
            web.post(at + "/accounts/{id}/payout", _told(self.payout)),
            web.post(at + "/refunds/{id}/fail", _told(self.fail_refund)),
            web.post(at + "/disputes", _told(self.dispute)),
            web.post(at + "/disputes/{id}/close", _told(self.close_dispute)),
        ]

    async def books(self, _: web.Request, __: JsonObject) -> JsonObject:
        """Who paid and got what."""
        return books(self._world)

    async def objects(self, request: web.Request, _: JsonObject) -> JsonObject:
        """Every object of a kind, oldest first."""
        kind = request.match_info["kind"]
        if kind not in PREFIXES:
            raise StripeError(f"kind must be one of {', '.join(PREFIXES)}")
        return {"data": self._world.store.all(kind)}

    async def deliveries(self, _: web.Request, __: JsonObject) -> JsonObject:
        """Every webhook delivery with its attempts, oldest first."""
        return {"data": [delivery.shown() for delivery in self._webhooks.deliveries]}

    async def replay(self, _: web.Request, sent: JsonObject) -> JsonObject:
        """Deliver an event again, at once and in parallel, and wait for the answers."""
        event = self._world.store.get("event", _text(sent, "id"))
        again = self._webhooks.replay(event, _whole(sent, "times", 1))
        await self._webhooks.settled(again, SETTLE_S)
        return {"data": [delivery.shown() for delivery in again]}

    async def configure(self, _: web.Request, sent: JsonObject) -> JsonObject:
        """Pause or resume deliveries, move the endpoint, rotate secrets, skew the signature."""
        hooks = self._webhooks
        if unknown := set(sent) - {"paused", "url", "secrets", "skew_s", "retry_scale"}:
            raise StripeError(f"unknown: {', '.join(sorted(unknown))}")
        hooks.url = _text(sent, "url", hooks.url)
        hooks.skew_s = _whole(sent, "skew_s", hooks.skew_s)
        secrets = sent.get("secrets", hooks.secrets)
        if not isinstance(secrets, list) or not all(isinstance(s, str) for s in secrets):
            raise StripeError("secrets must be a list of strings")
        hooks.secrets = secrets
        hooks.retry_scale = sent.get("retry_scale", hooks.retry_scale)
        paused = bool(sent.get("paused", hooks.paused))
        resumed, hooks.paused = hooks.paused and not paused, paused
        if resumed:
            hooks.release()
        return {
            "url": hooks.url,
            "paused": hooks.paused,
            "secrets": len(hooks.secrets),
            "skew_s": hooks.skew_s,
            "retry_scale": hooks.retry_scale,
        }

    async def deliver(self, _: web.Request, sent: JsonObject) -> JsonObject:
        """Send held deliveries one by one in the given order (event or delivery ids)."""
        ids = sent.get("ids")
        if ids is not None and not isinstance(ids, list):
            raise StripeError("ids must be a list of event or delivery ids")
        released = self._webhooks.release(ids)
        await self._webhooks.settled(released, SETTLE_S)
        return {"data": [delivery.shown() for delivery in released]}

    async def pay(self, request: web.Request, sent: JsonObject) -> JsonObject:
        """Play the payer of a payment intent."""
        intent = self._world.store.get("payment_intent", request.match_info["id"])
        card = _text(sent, "payment_method", "pm_card_visa")
        return payments.pay(self._world, intent, card, sent.get("return_url"))

    async def authenticate(self, request: web.Request, sent: JsonObject) -> JsonObject:
        """Play the payer who finishes 3D Secure, or fails it."""
        intent = self._world.store.get("payment_intent", request.match_info["id"])
        return payments.authenticate(self._world, intent, sent.get("outcome") != "fail")

    async def pay_session(self, request: web.Request, sent: JsonObject) -> JsonObject:
        """Play the payer on a Checkout Session's page."""
        session = self._world.store.get("checkout.session", request.match_info["id"])
        intent = checkout.intent_of(self._world, session)
        payments.pay(self._world, intent, _text(sent, "payment_method", "pm_card_visa"))
        return session

    async def onboard(self, request: web.Request, _: JsonObject) -> JsonObject:
        """Play the owner who completes onboarding."""
        return accounts.onboard(self._world, self._account(request))

    async def restrict(self, request: web.Request, _: JsonObject) -> JsonObject:
        """Play Stripe that restricts an account."""
        return accounts.restrict(self._world, self._account(request))

    async def payout(self, request: web.Request, sent: JsonObject) -> JsonObject:
        """Play the payout that empties an account's balance."""
        account = self._account(request)
        owned = balance.whole(self._world, account["id"], "usd")
        amount = _whole(sent, "amount", owned)
        if not 1 <= amount <= owned:
            raise StripeError(f"amount must lie between 1 and {owned}")
        id = balance.post(self._world, "payout", -amount, account["id"])
        return self._world.store.get("balance_transaction", id)

    async def fail_refund(self, request: web.Request, _: JsonObject) -> JsonObject:
        """Play the payer's bank that sends a refund back."""
        refund = self._world.store.get("refund", request.match_info["id"])
        return refunds.fail(self._world, refund)

    async def dispute(self, _: web.Request, sent: JsonObject) -> JsonObject:
        """Play the payer's bank that disputes a charge."""
        if "payment_intent" in sent:
            intent = self._world.store.get("payment_intent", _text(sent, "payment_intent"))
            sent = {**sent, "charge": intent["latest_charge"]}
        charge = self._world.store.get("charge", _text(sent, "charge"))
        left = charge["amount_captured"] - charge["amount_refunded"]
        amount, reason = _whole(sent, "amount", left), _text(sent, "reason", "fraudulent")
        return disputes.open_dispute(self._world, charge, amount, reason)

    async def close_dispute(self, request: web.Request, sent: JsonObject) -> JsonObject:
        """Play the bank that decides a dispute."""
        dispute = self._world.store.get("dispute", request.match_info["id"])
        outcome = _text(sent, "outcome")
        if outcome not in ("won", "lost"):
            raise StripeError("outcome must be won or lost")
        return disputes.close(self._world, dispute, outcome == "won")

    def _account(self, request: web.Request) -> JsonObject:
        return self._world.store.get("account", request.match_info["id"])


def _told(act: Act) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def told(request: web.Request) -> web.Response:
        try:
            sent = json.loads(await request.text() or "{}")
            if not isinstance(sent, dict):
                raise StripeError("send a JSON object")
            return web.json_response(await act(request, sent))
        except ValueError:
            return web.json_response({"error": "the body is not JSON"}, status=400)
        except StripeError as error:
            told = {"error": str(error), **error.fields}
            return web.json_response(told, status=error.status)

    return told


def _text(sent: JsonObject, name: str, default: str | None = None) -> str:
    value = sent.get(name, default)
    if not isinstance(value, str):
        raise StripeError(f"{name} must be a string")
    return value


def _whole(sent: JsonObject, name: str, default: int) -> int:
    value = sent.get(name, default)
    if type(value) is not int:
        raise StripeError(f"{name} must be an integer")
    return value
