"""Writes what the documents say of the code: diagrams, tables and interface descriptions.

``./holdfast docs`` runs it; a test runs it too and compares. Between ``<!-- begin NAME -->`` and
``<!-- end NAME -->`` in architecture.md, catalogue.md, operations.md and the services' READMEs
everything is written here, and nothing by hand.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import catalogue
from chassis.settings import ServiceSettings
from contracts_schema.message import Event, topics
from holdfast.seal import make_seal
from holdfast.servers.postgres import COMMON_SETTINGS

HERE = Path(__file__).parent
TOPOLOGY = HERE.parent / "deploy" / "topology.toml"
ARCHITECTURE = HERE / "architecture.md"
OPERATIONS = HERE / "operations.md"
CATALOGUE = HERE / "catalogue.md"
PROCESSES = (1, 2, 4, 10)
FOR_SUPERUSERS = 3
"""PostgreSQL's own default of ``superuser_reserved_connections``."""
READMES = sorted((HERE.parent / "services").glob("*/README.md"))
SERVICES = tuple(sorted(folder.name for folder in (HERE.parent / "services").iterdir()))
AUDIT_HEAD = "audit_head_recorded"
WITHOUT_REST = ("discord-gateway",)
TABLES = {
    "listing": "listings.domain.listing",
    "offer": "listings.domain.offer",
    "contract": "contracts.domain.contract",
    "tier": "identity.domain.tier",
    "escrow": "escrow.domain.states",
}
_PLACE = re.compile("<!-- begin (.*?) -->")
# Enough for every service to be built; nothing is connected to.
SETTINGS = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1/none",
    "BROKER_URL": "amqp://nobody@127.0.0.1/",
    "CURSOR_SECRET": "not-used-for-anything",
    "SERVICE_SECRET": "not-used-for-anything",
    "SERVICE_CALLERS": "nobody=" + 64 * "0",
    "DISCORD_APPLICATION_ID": "1",
    "DISCORD_CLIENT_SECRET": "not-used",
    "ROBLOX_CLIENT_ID": "1",
    "ROBLOX_CLIENT_SECRET": "not-used",
    "STRIPE_SECRET_KEY": "not-used",
    "STRIPE_WEBHOOK_SECRET": "not-used",
    "S3_ENDPOINT": "http://127.0.0.1:1",
    "S3_ACCESS_KEY": "not-used",
    "S3_SECRET_KEY": "not-used",
    "S3_BUCKET": "none",
    "CUSTOM_ID_SECRET": "not-used-for-anything",
    "DISCORD_TOKEN": "not-used",
}


def documents() -> dict[Path, str]:
    """Every generated file and what it should hold."""
    apps = {name: built(name) for name in SERVICES}
    written = {
        HERE / "openapi" / f"{name}.json": openapi(app)
        for name, app in apps.items()
        if name not in WITHOUT_REST
    }
    written[TOPOLOGY] = topology(TOPOLOGY.read_text("utf-8"), apps)
    broker = tomllib.loads(written[TOPOLOGY])
    written[ARCHITECTURE] = architecture(ARCHITECTURE.read_text("utf-8"), consumers(broker))
    written[OPERATIONS] = filled(OPERATIONS.read_text("utf-8"), {"connections": connections()})
    written[CATALOGUE] = filled(CATALOGUE.read_text("utf-8"), catalogue.tables())
    written |= {path: readme(path.read_text("utf-8")) for path in READMES}
    return written


def architecture(text: str, hearing: Mapping[str, set[str]]) -> str:
    """The page with its generated parts as the code has them now."""
    parts = {f"states-{name}": states(module) for name, module in TABLES.items()}
    parts |= {"events": event_table(hearing), "flow": flow(hearing)}
    if lacking := parts.keys() - set(_PLACE.findall(text)):
        raise ValueError(f"architecture.md has no place for {sorted(lacking)}")
    return filled(text, parts)


def readme(text: str) -> str:
    """A service's README with the states it shows as the code has them now."""
    return filled(text, {f"states-{name}": states(module) for name, module in TABLES.items()})


def connections() -> str:
    """What so many processes of each service may open, and whether the server admits it."""
    size = ServiceSettings.model_fields["pool_size"].default
    admitted = int(COMMON_SETTINGS["max_connections"]) - FOR_SUPERUSERS
    lines = [
        f"| processes of each of the {len(SERVICES)} services | connections, role `all` |"
        f" `api` and `worker` each | of {admitted} |",
        "|---|---|---|---|",
    ]
    for count in PROCESSES:
        at_most, by_roles = len(SERVICES) * count * size, 2 * len(SERVICES) * count * (size + 1)
        fits = "both fit" if by_roles <= admitted else "`all` fits" if at_most <= admitted else "no"
        lines.append(f"| {count} | {at_most} | {by_roles} | {fits} |")
    return "\n".join(lines)


def filled(text: str, parts: Mapping[str, str]) -> str:
    """The page with each part in its place, where it has one."""
    for name, part in parts.items():
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
        text = pattern.sub(lambda _, b=begin, p=part, e=end: f"{b}\n{p}\n{e}", text)
    return text


def states(module_name: str) -> str:
    """A transition table as a Mermaid state diagram."""
    module = importlib.import_module(module_name)
    lines = ["```mermaid", "stateDiagram-v2"]
    every = type(next(iter(module.TRANSITIONS))[0])
    lines.append(f"    [*] --> {next(iter(every))}")
    left: set[str] = set()
    for source, action, target in _edges(module.TRANSITIONS):
        left.add(source)
        lines.append(f"    {source} --> {target}: {action}")
    lines += [f"    {state} --> [*]" for state in every if state not in left]
    return "\n".join([*lines, "```"])


def _edges(table: Mapping[Any, Any]) -> Iterator[tuple[str, str, str]]:
    for (source, action), target in table.items():
        name = action.name.lower().replace("_", " ")
        to = getattr(target, "to", target)
        if to is None:
            for remembered in sorted({s for (s, _), e in table.items() if _leads(e, source)}):
                yield source, name, remembered
        else:
            yield source, name, to


def _leads(edge: Any, state: Enum) -> bool:
    return getattr(edge, "to", edge) is state


def consumers(broker: Mapping[str, Any]) -> dict[str, set[str]]:
    """Which services hear each event, by the broker's bindings."""
    hearing: dict[str, set[str]] = defaultdict(set)
    for queue in broker["queues"]:
        if queue["exchange"] != "events":
            continue
        for topic in _events():
            if any(_fits(binding, topic) for binding in queue["bindings"]):
                hearing[topic].add(queue["name"].partition(".")[0])
    return hearing


def _events() -> dict[str, type[Any]]:
    return {topic: model for topic, model in sorted(topics().items()) if issubclass(model, Event)}


def _fits(binding: str, topic: str) -> bool:
    return topic == binding or (binding.endswith("#") and topic.startswith(binding[:-1]))


def event_table(hearing: Mapping[str, set[str]]) -> str:
    """Every event: what it says, and who hears it."""
    lines = ["| event | says | heard by |", "|---|---|---|"]
    for topic, model in _events().items():
        says = (model.__doc__ or "").strip().splitlines()[0]
        lines.append(f"| `{topic}` | {says} | {', '.join(sorted(hearing[topic]))} |")
    return "\n".join(lines)


def flow(hearing: Mapping[str, set[str]]) -> str:
    """Who tells whom, as a Mermaid graph, but for what all tell one: notifier, and audit heads."""
    told: dict[tuple[str, str], list[str]] = defaultdict(list)
    for topic, services in hearing.items():
        source, what, _ = topic.split(".")
        if what == AUDIT_HEAD:
            continue
        source = "discord-gateway" if source == "discord" else source
        for service in services - {source, "notifier"}:
            told[source, service].append(what)
    lines = ["```mermaid", "flowchart LR"]
    for (source, service), whats in sorted(told.items()):
        shown = "<br>".join(whats) if len(whats) <= 4 else f"{len(whats)} events about people"
        lines.append(f"    {source} -- {shown} --> {service}")
    return "\n".join([*lines, "```"])


def built(service: str) -> Any:
    """The service as it starts, connected to nothing."""
    package = service.replace("-", "_")
    app = importlib.import_module(f"{package}.app")
    settings = importlib.import_module(f"{package}.settings").Settings
    saved = dict(os.environ)
    os.environ.update({f"HOLDFAST_{name}": value for name, value in SETTINGS.items()})
    os.environ["HOLDFAST_SIGNING_KEY"] = _throwaway_key()
    os.environ["HOLDFAST_SEAL"] = make_seal()
    try:
        return app.create_app(settings())
    finally:
        os.environ.clear()
        os.environ.update(saved)


def openapi(app: Any) -> str:
    """The service's own description of its REST interface."""
    return json.dumps(app.openapi(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def topology(text: str, apps: Mapping[str, Any]) -> str:
    """The broker's file with every queue that a service registers handlers for."""
    queues = "".join(
        part
        for app in apps.values()
        if app.state.consumers
        for part in _queues(app.state.consumers)
    )
    begin, end = "# begin queues", "# end queues"
    pattern = re.compile(f"({begin}[^\n]*\n).*?({end})", re.DOTALL)
    if not pattern.search(text):
        raise ValueError("topology.toml has no place for the queues")
    return pattern.sub(lambda match: f"{match[1]}\n{queues}{match[2]}", text)


def _queues(consumers: Any) -> Iterator[str]:
    for queue, routes in sorted(consumers.routes.items()):
        kinds = {"events" if issubclass(it.model, Event) else "commands" for it in routes.values()}
        [exchange] = kinds
        bindings = "".join(f'    "{key}",\n' for key in consumers.bindings(queue))
        head = f'[[queues]]\nname = "{queue}"\nexchange = "{exchange}"\n'
        yield f"{head}bindings = [\n{bindings}]\n\n"


def _throwaway_key() -> str:
    from cryptography.hazmat.primitives import serialization as form  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

    pem = Ed25519PrivateKey.generate().private_bytes(
        form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()
    )
    return pem.decode()


def main() -> int:
    """Write every document that is not as it should be; with ``--check`` only name them."""
    stale = {
        path: text
        for path, text in documents().items()
        if not path.exists() or path.read_text("utf-8") != text
    }
    if "--check" in sys.argv:
        print(*(f"{path.relative_to(HERE.parent)} is not what the code says" for path in stale))
        return 1 if stale else 0
    for path, text in stale.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        print(f"written: {path.relative_to(HERE.parent)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
