"""The pages that people see at Stripe: payment, 3D Secure, onboarding."""

from collections.abc import Awaitable, Callable
from html import escape

from aiohttp import web

from sandbox.stripe import accounts, checkout, payments
from sandbox.stripe.accounts import Link, Links
from sandbox.stripe.cards import CARDS
from sandbox.stripe.errors import StripeError
from sandbox.stripe.store import JsonObject
from sandbox.stripe.world import World

FRAME = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    "<style>body{{font:16px system-ui;max-width:30rem;margin:3rem auto}}"
    "label{{display:block}}</style></head><body><h1>{title}</h1>{body}</body></html>"
)
Page = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Pages:
    """Stripe's hosted pages; a form posts to its own address."""

    def __init__(self, world: World, links: Links) -> None:
        self._world = world
        self._links = links

    def routes(self) -> list[web.RouteDef]:
        """Every page, shown by GET and answered by POST."""
        pages: list[tuple[str, Page, Page]] = [
            ("/stripe/pay/{secret}", self.show_intent, self.pay_intent),
            ("/stripe/checkout/{session}", self.show_session, self.pay_session),
            ("/stripe/3ds/{secret}", self.show_challenge, self.answer_challenge),
            ("/stripe/connect/{token}", self.show_onboarding, self.finish_onboarding),
        ]
        shown = [web.get(path, _guarded(show)) for path, show, _ in pages]
        return [*shown, *(web.post(path, _guarded(answer)) for path, _, answer in pages)]

    async def show_intent(self, request: web.Request) -> web.Response:
        """Ask the payer of a payment intent for a test card."""
        return _card_form(self._intent(request))

    async def pay_intent(self, request: web.Request) -> web.StreamResponse:
        """Charge the chosen card."""
        form = await request.post()
        return_url = str(form.get("return_url", "")) or None
        return await self._pay(request, self._intent(request), return_url)

    async def show_session(self, request: web.Request) -> web.Response:
        """Ask the payer of a Checkout Session for a test card."""
        session = self._session(request)
        if session["status"] != "open":
            raise checkout.not_open(session, "paid")
        return _card_form({"amount": session["amount_total"], "currency": session["currency"]})

    async def pay_session(self, request: web.Request) -> web.StreamResponse:
        """Charge the chosen card and send the payer back to the shop."""
        session = self._session(request)
        return await self._pay(request, checkout.intent_of(self._world, session), _success(session))

    async def show_challenge(self, request: web.Request) -> web.Response:
        """Ask the payer to prove who they are."""
        self._intent(request)
        buttons = _button("outcome", "complete") + _button("outcome", "fail")
        return _page("3D Secure", f'<form method="post">{buttons}</form>')

    async def answer_challenge(self, request: web.Request) -> web.StreamResponse:
        """Finish the payment, or let it fail."""
        intent = self._intent(request)
        action = (intent["next_action"] or {}).get("redirect_to_url", {})
        succeeds = (await request.post()).get("outcome") == "complete"
        payments.authenticate(self._world, intent, succeeds)
        return _leave(action.get("return_url"), f"The payment is {intent['status']}.")

    async def show_onboarding(self, request: web.Request) -> web.Response:
        """Ask the account's owner who they are; the link works once, as the real one."""
        link = self._links.by_token.get(request.match_info["token"])
        if link is None:
            raise StripeError("This link does not exist.", status=404)
        if link.visited or self._world.clock.timestamp() > link.expires_at:
            raise web.HTTPFound(link.refresh_url)
        link.visited = True
        body = '<form method="post"><button>Agree and submit</button></form>'
        return _page("Get paid by Stripe", body)

    async def finish_onboarding(self, request: web.Request) -> web.StreamResponse:
        """Complete the account and send its owner back."""
        link: Link | None = self._links.by_token.get(request.match_info["token"])
        if link is None:
            raise StripeError("This link does not exist.", status=404)
        if self._world.clock.timestamp() > link.expires_at:
            raise web.HTTPFound(link.refresh_url)
        account = self._world.store.get("account", link.account)
        if not account["details_submitted"] or account["requirements"]["currently_due"]:
            accounts.onboard(self._world, account)
        return _leave(link.return_url, "Done.")

    async def _pay(
        self, request: web.Request, intent: JsonObject, return_url: str | None
    ) -> web.StreamResponse:
        card = str((await request.post()).get("payment_method", "pm_card_visa"))
        try:
            payments.pay(self._world, intent, card, return_url)
        except StripeError as error:
            return _card_form(intent, str(error), error.status)
        if intent["status"] == "requires_action":
            raise web.HTTPSeeOther(intent["next_action"]["redirect_to_url"]["url"])
        return _leave(return_url, f"The payment is {intent['status']}.")

    def _intent(self, request: web.Request) -> JsonObject:
        secret = request.match_info["secret"]
        intent = self._world.store.find(secret.partition("_secret_")[0])
        if intent is None or intent.get("client_secret") != secret:
            raise StripeError("This payment does not exist.", status=404)
        return intent

    def _session(self, request: web.Request) -> JsonObject:
        return self._world.store.get("checkout.session", request.match_info["session"])


def _success(session: JsonObject) -> str:
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def _guarded(page: Page) -> Page:
    async def guarded(request: web.Request) -> web.StreamResponse:
        try:
            return await page(request)
        except StripeError as error:
            return _page("Something went wrong", f"<p>{escape(str(error))}</p>", error.status)

    return guarded


def _page(title: str, body: str, status: int = 200) -> web.Response:
    text = FRAME.format(title=escape(title), body=body)
    return web.Response(text=text, status=status, content_type="text/html")


def _button(name: str, value: str) -> str:
    return f'<button name="{name}" value="{value}">{value.capitalize()}</button> '


def _card_form(asked: JsonObject, error: str = "", status: int = 200) -> web.Response:
    cards = "".join(
        f'<label><input type="radio" name="payment_method" value="{name}"'
        f"{' checked' if name == 'pm_card_visa' else ''}> {escape(card.label)}</label>"
        for name, card in CARDS.items()
    )
    minor = asked["amount"]
    price = f"{minor // 100:,}.{minor % 100:02} {asked['currency'].upper()}"
    warning = f'<p role="alert">{escape(error)}</p>' if error else ""
    body = f'{warning}<form method="post">{cards}<button>Pay {price}</button></form>'
    return _page(f"Pay {price}", body, status)


def _leave(url: str | None, message: str) -> web.StreamResponse:
    if url:
        raise web.HTTPSeeOther(url)
    return _page("Stripe", f"<p>{escape(message)}</p>")
