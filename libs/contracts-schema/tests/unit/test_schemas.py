"""What is committed is what the code says, and what was once sent can still be read."""

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest
import yaml
from contracts_schema import asyncapi, export, schemas
from contracts_schema.message import Command, Event, topics
from contracts_schema.wiring import UNHEARD, wiring

ROOT = Path(__file__).parents[4]
TOPOLOGY = ROOT / "deploy" / "topology.toml"
GOLDEN = {path.name.removesuffix(".json"): path for path in sorted(export.GOLDEN.glob("*.json"))}
NEXT_STEP = "run python -m contracts_schema.export and commit what it writes"


def test_committed_schemas_are_the_generated_ones():
    assert schemas.committed() == schemas.generated(), NEXT_STEP


def test_every_message_has_a_golden_example():
    assert GOLDEN.keys() == topics().keys(), NEXT_STEP


@pytest.mark.parametrize("topic", GOLDEN)
def test_a_golden_message_fits_its_schema_and_is_read_without_loss(topic):
    text = GOLDEN[topic].read_text("utf-8")
    model = schemas.body_of(topics()[topic])

    jsonschema.validate(json.loads(text), schemas.committed()[topic])
    read = model.model_validate_json(text)

    assert covers(json.loads(read.model_dump_json()), json.loads(text))


def covers(read: object, sent: object) -> bool:
    """What was sent is in what was read; fields that came since may be there too."""
    if isinstance(sent, dict) and isinstance(read, dict):
        return all(key in read and covers(read[key], it) for key, it in sent.items())
    if isinstance(sent, list) and isinstance(read, list):
        return len(sent) == len(read) and all(map(covers, read, sent))
    return read == sent


@pytest.mark.parametrize("topic", [t for t in GOLDEN if issubclass(topics()[t], Event)])
def test_an_event_of_a_newer_publisher_is_read(topic):
    newer = json.loads(GOLDEN[topic].read_text("utf-8")) | {"came_later": {"a": 1}}

    topics()[topic].model_validate_json(json.dumps(newer))


@pytest.mark.parametrize("topic", [t for t in GOLDEN if issubclass(topics()[t], Command)])
@pytest.mark.abuse("A10")
def test_a_command_with_an_unknown_field_is_refused(topic):
    body = json.loads(GOLDEN[topic].read_text("utf-8"))
    body["payload"]["came_later"] = 1

    with pytest.raises(ValueError, match="came_later"):
        schemas.body_of(topics()[topic]).model_validate_json(json.dumps(body))


def test_export_has_nothing_to_do():
    assert export.main(["--check"]) == 0


def test_export_refuses_what_breaks_readers_of_the_other_schemas(tmp_path, capsys):
    other = schemas.committed()["escrow.funds_held.v1"]
    other["properties"]["promised"] = {"type": "string"}
    (tmp_path / "escrow.funds_held.v1.json").write_text(schemas.written(other))

    assert export.main(["--against", str(tmp_path)]) == 1
    assert "escrow.funds_held.v1/promised: the field is gone" in capsys.readouterr().out


def test_topics_are_service_words_version():
    pattern = r"^(identity|listings|contracts|escrow|verification|notifier|discord)\.[a-z_]+\.v\d+$"

    for topic in topics():
        jsonschema.validate(topic, {"type": "string", "pattern": pattern})


def test_every_message_has_one_kind_of_publisher_and_somebody_who_takes_it():
    for wire in wiring(tomllib.loads(TOPOLOGY.read_text("utf-8"))):
        assert len(wire.publishers) == 1, wire
        assert wire.queues or wire.message.topic in UNHEARD, wire
        assert wire.is_event or len(wire.queues) == 1, wire


def test_the_committed_asyncapi_document_is_current_and_plain_yaml():
    committed = (ROOT / "docs" / "asyncapi.yaml").read_text("utf-8")

    assert committed == asyncapi.written(TOPOLOGY), (
        "run python -m contracts_schema.asyncapi deploy/topology.toml docs/asyncapi.yaml"
    )
    document = yaml.safe_load(committed)
    assert document == asyncapi.document(tomllib.loads(TOPOLOGY.read_text("utf-8")))
    assert document["asyncapi"] == "3.1.0"


def test_every_reference_of_the_asyncapi_document_leads_somewhere():
    document = asyncapi.document(tomllib.loads(TOPOLOGY.read_text("utf-8")))

    def references(value):
        if isinstance(value, dict):
            yield from (it for key, it in value.items() if key == "$ref")
            value = list(value.values())
        if isinstance(value, list):
            for item in value:
                yield from references(item)

    for reference in references(document):
        assert reference.startswith("#/"), "the document stands by itself"
        found = document
        for part in reference[2:].split("/"):
            found = found[part]
