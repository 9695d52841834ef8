"""Connected accounts and the links by which their owners onboard at Stripe."""

from dataclasses import dataclass

from sandbox.keeping import Keeper, Kept, Table
from sandbox.stripe import listing
from sandbox.stripe.errors import StripeError, invalid, missing_parameter
from sandbox.stripe.parameters import merge_metadata
from sandbox.stripe.store import JsonObject, random_id
from sandbox.stripe.world import Call, World

LINK_LIVES_S = 300
DUE = ["external_account", "individual.verification.document", "tos_acceptance.date"]
CONTROLLERS = {
    "standard": ("account", "stripe", "stripe", "full"),
    "express": ("application_express", "application", "stripe", "express"),
    "custom": ("application_custom", "application", "application", "none"),
}
KEPT = ("business_type", "email", "business_profile", "default_currency")


@dataclass(slots=True)
class Link(Kept):
    """One onboarding link: single use, five minutes."""

    account: str
    refresh_url: str
    return_url: str
    expires_at: int
    visited: bool = False


class Links:
    """Every onboarding link by the token in its address."""

    def __init__(self, keeper: Keeper) -> None:
        self.by_token: Table[str, Link] = keeper.table(
            "stripe links", Link.told, lambda kept: Link(**kept)
        )


def create(world: World, call: Call) -> JsonObject:
    """POST /v1/accounts: an Express account that has yet to onboard."""
    kind = call.get("type", "standard")
    if "controller" in call.params and "type" in call.params:
        raise invalid("You may not provide both `type` and `controller`.", "controller")
    if kind not in CONTROLLERS:
        raise invalid("Invalid type: must be one of custom, express, or standard", "type")
    metadata = merge_metadata({}, call.get("metadata"))
    account = world.store.new(
        "account",
        type="none" if "controller" in call.params else kind,
        country=call.get("country", "US"),
        metadata=metadata,
        capabilities=_requested(call),
        requirements=_requirements(DUE),
        future_requirements=_requirements([]),
        controller=_controller(CONTROLLERS[kind], call.get("controller", {})),
        **call.given(*KEPT),
    )
    account["external_accounts"]["url"] = f"/v1/accounts/{account['id']}/external_accounts"
    return account


def _controller(usual: tuple[str, ...], given: JsonObject) -> JsonObject:
    """Who pays fees, bears losses, asks for what is missing, and shows a dashboard."""
    fees, losses, requirements, dashboard = usual
    return {
        "type": "application",
        "is_controller": True,
        "fees": {"payer": fees, **given.get("fees", {})},
        "losses": {"payments": losses, **given.get("losses", {})},
        "requirement_collection": given.get("requirement_collection", requirements),
        "stripe_dashboard": {"type": dashboard, **given.get("stripe_dashboard", {})},
    }


def _requested(call: Call) -> JsonObject:
    requested = call.get("capabilities", {})
    return {
        name: "inactive" for name, capability in requested.items() if capability.get("requested")
    }


def _requirements(due: list[str]) -> JsonObject:
    return {
        "alternatives": [],
        "current_deadline": None,
        "currently_due": list(due),
        "disabled_reason": "requirements.past_due" if due else None,
        "errors": [],
        "eventually_due": list(due),
        "past_due": list(due),
        "pending_verification": [],
    }


def update(world: World, call: Call) -> JsonObject:
    """POST /v1/accounts/{account}."""
    account = world.store.get("account", call.path["account"], "account")
    account["metadata"] = merge_metadata(account["metadata"], call.get("metadata"))
    account.update(call.given(*KEPT))
    requested = _requested(call)
    state = "active" if account["details_submitted"] else "inactive"
    account["capabilities"].update({name: state for name in requested})
    world.events.emit("account.updated", account, account=account["id"])
    return account


def retrieve(world: World, call: Call) -> JsonObject:
    """GET /v1/accounts/{account}; an unknown one is refused as Stripe does, with 403."""
    id = call.path["account"]
    found = world.store.find(id)
    if found is None or found["object"] != "account":
        raise no_access(world, id)
    return found


def no_access(world: World, id: str) -> StripeError:
    """The account does not exist, or is another platform's."""
    key = world.settings.secret_key
    return StripeError(
        f"The provided key '{key[:8]}****{key[-4:]}' does not have access to account '{id}' (or "
        "that account does not exist). Application access may have been revoked.",
        status=403,
        code="account_invalid",
        began=False,
    )


def list_accounts(world: World, call: Call) -> JsonObject:
    """GET /v1/accounts."""
    return listing.page(world.store.all("account"), call, "/v1/accounts")


def create_link(world: World, links: Links, call: Call) -> JsonObject:
    """POST /v1/account_links."""
    account = world.store.get("account", call.params["account"], "account", status=400)
    for name in ("refresh_url", "return_url"):
        if name not in call.params:
            raise missing_parameter(name)
        if not call.params[name].startswith(("http://", "https://")):
            raise invalid("Not a valid URL", name, "url_invalid")
    if call.params["type"] == "account_update" and not _collects(account):
        message = "You cannot create `account_update` type Account Links for this account."
        raise invalid(message, "type")
    token = random_id(account["id"], 12)
    expires_at = world.clock.timestamp() + LINK_LIVES_S
    links.by_token[token] = Link(
        account["id"], call.params["refresh_url"], call.params["return_url"], expires_at
    )
    url = f"{world.settings.base_url}/stripe/connect/{token}"
    return world.store.shape("account_link", expires_at=expires_at, url=url)


def _collects(account: JsonObject) -> bool:
    """Whether the platform asks the owner itself for what is missing."""
    return bool(account["controller"]["requirement_collection"] == "application")


def onboard(world: World, account: JsonObject) -> JsonObject:
    """The owner has told Stripe everything: the account can be paid and pays out."""
    previous = {name: account[name] for name in ("charges_enabled", "payouts_enabled")}
    account.update(charges_enabled=True, payouts_enabled=True, details_submitted=True)
    account["requirements"] = _requirements([])
    account["tos_acceptance"] = {"date": world.clock.timestamp(), "ip": None, "user_agent": None}
    for name in account["capabilities"]:
        account["capabilities"][name] = "active"
    world.events.emit("account.updated", account, account["id"], previous)
    return account


def restrict(world: World, account: JsonObject) -> JsonObject:
    """Stripe asks for more: until it gets it, nothing is paid to or by the account."""
    account.update(charges_enabled=False, payouts_enabled=False)
    account["requirements"] = _requirements(["individual.verification.document"])
    for name in account["capabilities"]:
        account["capabilities"][name] = "inactive"
    world.events.emit("account.updated", account, account["id"])
    return account
