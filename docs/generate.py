"""Writes what the documents say of the code: diagrams, tables and interface descriptions.

``./holdfast docs`` runs it; a test runs it too and compares. Between ``<!-- begin NAME -->`` and
``<!-- end NAME -->`` in architecture.md everything is written here, and nothing by hand.
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

from contracts_schema.message import Event, topics

HERE = Path(__file__).parent
TOPOLOGY = HERE.parent / "deploy" / "topology.toml"
ARCHITECTURE = HERE / "architecture.md"
SERVICES = ("identity", "listings", "contracts", "escrow", "verification", "notifier")
TABLES = {
    "listing": "listings.domain.listing",
    "offer": "listings.domain.offer",
    "contract": "contracts.domain.contract",
    "escrow": "escrow.domain.states",
}
# Enough for every service to be built; nothing is connected to.
SETTINGS = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1/none",
    "BROKER_URL": "amqp://nobody@127.0.0.1/",
    "CURSOR_SECRET": "not-used-for-anything",
    "SERVICE_SECRET": "not-used-for-anything",
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
}


def documents() -> dict[Path, str]:
    """Every generated file and what it should hold."""
    written = {HERE / "openapi" / f"{name}.json": openapi(name) for name in SERVICES}
    written[ARCHITECTURE] = architecture(ARCHITECTURE.read_text("utf-8"))
    return written


def architecture(text: str) -> str:
    """The page with its generated parts as the code has them now."""
    parts = {f"states-{name}": states(module) for name, module in TABLES.items()}
    parts |= {"events": event_table(), "flow": flow()}
    for name, part in parts.items():
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
        if not pattern.search(text):
            raise ValueError(f"architecture.md has no place for {name}")
        text = pattern.sub(lambda _, b=begin, p=part, e=end: f"{b}\n{p}\n{e}", text)
    return text


def states(module_name: str) -> str:
    """A transition table as a Mermaid state diagram."""
    module = importlib.import_module(module_name)
    lines = ["```mermaid", "stateDiagram-v2"]
    first = next(iter(module.State))
    lines.append(f"    [*] --> {first}")
    left: set[str] = set()
    for source, action, target in _edges(module.TRANSITIONS):
        left.add(source)
        lines.append(f"    {source} --> {target}: {action}")
    lines += [f"    {state} --> [*]" for state in module.State if state not in left]
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


def consumers() -> dict[str, set[str]]:
    """Which services hear each event, by the broker's bindings."""
    topology = tomllib.loads(TOPOLOGY.read_text("utf-8"))
    hearing: dict[str, set[str]] = defaultdict(set)
    for queue in topology["queues"]:
        if queue["exchange"] != "events":
            continue
        bindings = topology["groups"][queue["group"]] if "group" in queue else queue["bindings"]
        for topic in _events():
            if any(_fits(binding, topic) for binding in bindings):
                hearing[topic].add(queue["name"].partition(".")[0])
    return hearing


def _events() -> dict[str, type[Any]]:
    return {topic: model for topic, model in sorted(topics().items()) if issubclass(model, Event)}


def _fits(binding: str, topic: str) -> bool:
    return topic == binding or (binding.endswith("#") and topic.startswith(binding[:-1]))


def event_table() -> str:
    """Every event: what it says, and who hears it."""
    hearing = consumers()
    lines = ["| event | says | heard by |", "|---|---|---|"]
    for topic, model in _events().items():
        says = (model.__doc__ or "").strip().splitlines()[0]
        lines.append(f"| `{topic}` | {says} | {', '.join(sorted(hearing[topic]))} |")
    return "\n".join(lines)


def flow() -> str:
    """Who tells whom, as a Mermaid graph; notifier hears all and is left out."""
    told: dict[tuple[str, str], list[str]] = defaultdict(list)
    for topic, services in consumers().items():
        source, what, _ = topic.split(".")
        source = "discord-gateway" if source == "discord" else source
        for service in services - {source, "notifier"}:
            told[source, service].append(what)
    lines = ["```mermaid", "flowchart LR"]
    for (source, service), whats in sorted(told.items()):
        shown = "<br>".join(whats) if len(whats) <= 4 else f"{len(whats)} events about people"
        lines.append(f"    {source} -- {shown} --> {service}")
    return "\n".join([*lines, "```"])


def openapi(service: str) -> str:
    """The service's own description of its REST interface."""
    app = importlib.import_module(f"{service}.app")
    settings = importlib.import_module(f"{service}.settings").Settings
    saved = dict(os.environ)
    os.environ.update({f"HOLDFAST_{name}": value for name, value in SETTINGS.items()})
    os.environ["HOLDFAST_SIGNING_KEY"] = _throwaway_key()
    try:
        described = app.create_app(settings()).openapi()
    finally:
        os.environ.clear()
        os.environ.update(saved)
    return json.dumps(described, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _throwaway_key() -> str:
    from cryptography.hazmat.primitives import serialization as form  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

    pem = Ed25519PrivateKey.generate().private_bytes(
        form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()
    )
    return pem.decode()


def main() -> int:
    """Write every document that is not as it should be."""
    for path, text in documents().items():
        if not path.exists() or path.read_text("utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            print(f"written: {path.relative_to(HERE.parent)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
