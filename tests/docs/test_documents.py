"""The documents say what the code says."""

import importlib.util
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@cache
def generator():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def documents():
    return generator().documents()


@pytest.mark.parametrize("path", sorted(documents()), ids=lambda path: path.name)
def test_the_committed_document_is_what_the_code_says(path):
    written = documents()[path]

    assert path.exists(), "write it by ./holdfast docs"
    assert path.read_text("utf-8") == written, "write it anew by ./holdfast docs"


def test_a_readme_shows_the_states_that_the_code_has():
    page = "before\n<!-- begin states-contract -->\nold\n<!-- end states-contract -->\nafter"

    written = generator().readme(page)

    assert "PENDING_SIGNATURE --> EXECUTING: complete" in written
    assert "old" not in written
    assert written.startswith("before\n")
    assert written.endswith("\nafter")


def test_a_page_without_a_place_for_a_part_is_refused():
    nobody = generator().consumers({"queues": []})

    with pytest.raises(ValueError, match=r"no place for.*states-offer"):
        generator().architecture("<!-- begin states-contract -->", nobody)


def test_every_event_is_heard_by_somebody():
    broker = tomllib.loads(generator().TOPOLOGY.read_text("utf-8"))
    hearing = generator().consumers(broker)

    assert all(hearing[topic] for topic in generator()._events())


class App:
    """A service with these consumers, as the generator looks at it."""

    def __init__(self, consumers):
        self.state = self
        self.consumers = consumers


def test_a_queue_and_a_binding_come_from_what_a_service_registers():
    from chassis.messaging.consumers import Consumers
    from chassis.storage.database import Transaction
    from contracts_schema.events.escrow import FundsHeld, Released

    async def note(tx: Transaction, event: FundsHeld | Released) -> None: ...

    consumers = Consumers("escrow")
    consumers.events("escrow.ghosts", note)
    text = generator().TOPOLOGY.read_text("utf-8")
    [queue] = tomllib.loads(generator().topology(text, {"escrow": App(consumers)}))["queues"]

    assert queue == {
        "name": "escrow.ghosts",
        "exchange": "events",
        "bindings": ["escrow.funds_held.v1", "escrow.released.v1"],
    }


def test_readme_names_every_service_and_both_commands():
    readme = (ROOT / "README.md").read_text("utf-8")

    assert "./holdfast demo" in readme
    assert "./holdfast test" in readme
    for service in (ROOT / "services").iterdir():
        assert f"services/{service.name}/README.md" in readme
        assert (service / "README.md").exists()


def test_every_link_between_documents_leads_somewhere():
    import re

    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("*/README.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text("utf-8")):
            assert (document.parent / target).exists(), f"{document.name} leads to {target}"
