"""AsyncAPI's own parser takes our document, alone and without a complaint."""

import json
import subprocess
from pathlib import Path

import pytest
from contracts_schema.message import topics
from foreign import node_packages

DOCUMENT = Path(__file__).parents[2] / "docs" / "asyncapi.yaml"
PARSER = "@asyncapi/parser@3.6.3"
PARSE = """
const { Parser } = require("@asyncapi/parser");
const text = require("fs").readFileSync(0, "utf8");
new Parser().parse(text).then(({ document, diagnostics }) => {
  const wrong = diagnostics.map((it) => `${it.code} ${it.path.join("/")}: ${it.message}`);
  const messages = document ? document.allMessages().map((it) => it.name()) : [];
  console.log(JSON.stringify({ wrong, messages, version: document && document.version() }));
});
"""


@pytest.fixture(scope="module")
def parse():
    folder = node_packages(PARSER)

    def parsed(text: str) -> dict[str, object]:
        done = subprocess.run(
            ["node", "-e", PARSE],
            cwd=folder,
            input=text,
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        return json.loads(done.stdout)

    return parsed


@pytest.mark.slow
def test_the_parser_takes_the_document_by_itself(parse):
    found = parse(DOCUMENT.read_text("utf-8"))

    assert found["wrong"] == []
    assert found["version"] == "3.1.0"
    assert sorted(found["messages"]) == sorted(topics())


@pytest.mark.slow
def test_the_parser_would_find_a_body_that_is_no_schema(parse):
    text = DOCUMENT.read_text("utf-8").replace('type: "object"', 'type: "thing"')

    assert parse(text)["wrong"]
