"""What FastStream says that the consumers take is what our AsyncAPI document says."""

import importlib.util
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest
from chassis.messaging.consuming import Consuming
from contracts_schema import asyncapi
from faststream.rabbit import RabbitBroker
from faststream.specification import AsyncAPI
from holdfast.services import SERVICES

GENERATE = Path(__file__).parents[2] / "docs" / "generate.py"
NAMES = [service.name for service in SERVICES]


def generator():
    spec = importlib.util.spec_from_file_location("generate", GENERATE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def taken() -> dict[str, set[str]]:
    """By queue, the titles of the messages that our document says it takes."""
    document = asyncapi.document(tomllib.loads(generator().TOPOLOGY.read_text("utf-8")))
    found = defaultdict(set)
    for name, operation in document["operations"].items():
        if operation["action"] == "receive":
            queue, topic = name.split(".takes.")
            found[queue].add(document["components"]["messages"][topic]["title"])
    return dict(found)


def theirs(consumers) -> dict[str, set[str]]:
    """The same by FastStream's own document, made from the subscribers as they run."""
    broker = RabbitBroker("amqp://nobody@127.0.0.1:1/", apply_types=False, logger=None)
    Consuming(consumers, None, None, {}).attach(broker, 1)
    document = AsyncAPI(broker).to_specification().to_jsonable()
    found = {}
    for name, channel in document["channels"].items():
        assert channel["address"] == name == channel["bindings"]["amqp"]["queue"]["name"]
        [message] = channel["messages"].values()
        payload = _at(document, _at(document, message)["payload"])
        each_of = payload.get("anyOf") or payload.get("oneOf")
        found[name] = {_at(document, it)["title"] for it in each_of or [payload]}
    return found


def _at(document, part):
    """What a reference refers to; what is none is itself."""
    for key in part.get("$ref", "").removeprefix("#/").split("/") if "$ref" in part else ():
        document = part = document[key]
    return part


@pytest.mark.parametrize("service", NAMES)
def test_both_documents_name_the_same_queues_and_messages(service, taken):
    consumers = generator().built(service).state.consumers
    said = theirs(consumers)
    ours = {name: found for name, found in taken.items() if name.startswith(f"{service}.")}

    assert said.keys() == ours.keys()
    for queue, titles in said.items():
        # A queue that is bound by wider patterns also takes what it has no handler for.
        heard = ours[queue] if queue not in consumers.patterns else ours[queue] & titles
        assert titles == heard
        assert titles
