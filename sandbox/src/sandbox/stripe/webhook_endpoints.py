"""Webhook endpoints that a platform registers by the API, beside the configured one."""

from sandbox.stripe import listing
from sandbox.stripe.errors import invalid, no_such
from sandbox.stripe.parameters import merge_metadata
from sandbox.stripe.store import JsonObject, random_id
from sandbox.stripe.webhooks import Target
from sandbox.stripe.world import Call, World

NOUN = "webhook endpoint"


def create(world: World, call: Call) -> JsonObject:
    """POST /v1/webhook_endpoints: the only answer that shows its signing secret."""
    secret = random_id("whsec", 32)
    endpoint = world.store.new(
        "webhook_endpoint",
        url=_url(call.params["url"]),
        enabled_events=_events(call.params["enabled_events"]),
        api_version=call.get("api_version"),
        description=call.get("description"),
        metadata=merge_metadata({}, call.get("metadata")),
    )
    world.secrets[endpoint["id"]] = secret
    return {**endpoint, "secret": secret}


def _url(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise invalid("Invalid URL: An explicit scheme (such as https) must be provided.", "url")
    return url


def _events(events: list[str]) -> list[str]:
    if not events or ("*" in events and len(events) > 1):
        raise invalid("enabled_events must name events, or hold `*` alone.", "enabled_events")
    return events


def listening(world: World, kind: str) -> list[Target]:
    """Where an event of this type is sent, beside the configured endpoint."""
    return [
        Target(one["url"], world.secrets[one["id"]])
        for one in world.store.where("webhook_endpoint", status="enabled")
        if {"*", kind} & set(one["enabled_events"])
    ]


def update(world: World, call: Call) -> JsonObject:
    """POST /v1/webhook_endpoints/{webhook_endpoint}."""
    endpoint = retrieve(world, call)
    changed = call.given("description")
    if "url" in call.params:
        changed["url"] = _url(call.params["url"])
    if "enabled_events" in call.params:
        changed["enabled_events"] = _events(call.params["enabled_events"])
    if "disabled" in call.params:
        changed["status"] = "disabled" if call.params["disabled"] else "enabled"
    metadata = merge_metadata(endpoint["metadata"], call.get("metadata"))
    endpoint.update(changed, metadata=metadata)
    return endpoint


def delete(world: World, call: Call) -> JsonObject:
    """DELETE /v1/webhook_endpoints/{webhook_endpoint}: nothing is sent there any more."""
    endpoint = retrieve(world, call)
    gone = {"id": endpoint["id"], "object": "webhook_endpoint", "deleted": True}
    endpoint.clear()
    endpoint.update(gone)
    return endpoint


def retrieve(world: World, call: Call) -> JsonObject:
    """GET /v1/webhook_endpoints/{webhook_endpoint}."""
    id = call.path["webhook_endpoint"]
    found = world.store.find(id) if id.startswith("we_") else None
    if found is None or found.get("deleted"):
        raise no_such(NOUN, id, "webhook_endpoint")
    return found


def list_endpoints(world: World, call: Call) -> JsonObject:
    """GET /v1/webhook_endpoints."""
    found = [one for one in world.store.all("webhook_endpoint") if not one.get("deleted")]
    return listing.page(found, call, "/v1/webhook_endpoints")
