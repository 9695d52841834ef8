"""Strangers' tools take our interface descriptions: a linter, and a generator of clients."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chassis.clock import SystemClock
from chassis_openapi import base_url, listening, serving
from foreign import node_packages, python_packages
from identity.app import create_app
from identity_builders import a_pem, an_identity, some_settings

FOLDER = Path(__file__).parents[2] / "docs" / "openapi"
SERVICES = sorted(path.stem for path in FOLDER.glob("*.json"))
REDOCLY, GENERATOR = "@redocly/cli@2.77.0", "openapi-python-client==0.29.1"
PERSON = "100000000000000001"
OPTIONS = (
    "content_type_overrides: {application/pdf: application/octet-stream,"
    " application/pem-certificate-chain: text/plain}"
)
"""The generator knows no content but text, JSON and bytes."""
TYPED = re.compile(r"\w+\.from_dict\(|= response\.text|= File\(")
IN_PYTHON = """
import json, sys
from identity import AuthenticatedClient, models
from identity.api.api_keys import create_key_v1_api_keys_post as create_key
from identity.api.people import me_v1_me_get as read_me
base, token = sys.argv[1:]
own, nobodys = (AuthenticatedClient(base_url=base, token=it) for it in (token, "a.b.c"))
me, refused = (read_me.sync(client=client) for client in (own, nobodys))
asked = models.KeyIn(name="generated", scopes=[models.Scope.READ])
key = create_key.sync(client=own, body=asked)
again = read_me.sync(client=AuthenticatedClient(base_url=base, token=key.key))
forbidden = create_key.sync(client=AuthenticatedClient(base_url=base, token=key.key), body=asked)
print(json.dumps([[type(it).__name__, it.to_dict()] for it in (me, refused, again, forbidden)]))
"""


def run(*command: str | Path, cwd: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=check, timeout=120
    )


@pytest.mark.slow
def test_redocly_s_recommended_rules_find_nothing(tmp_path):
    redocly = node_packages(REDOCLY) / "node_modules" / ".bin" / "redocly"
    files = [FOLDER / f"{name}.json" for name in SERVICES]

    done = run(
        redocly, "lint", "--extends", "recommended", "--format", "json", *files,
        cwd=tmp_path, check=False,
    )  # fmt: skip

    found = list(documents(done.stdout))
    assert [each["problems"] for each in found] == [[]] * len(SERVICES)
    assert done.returncode == 0


def documents(text: str) -> Iterator[dict[str, Any]]:
    """Each of the JSON documents that stand one after the other."""
    while text := text.lstrip():
        found, end = json.JSONDecoder().raw_decode(text)
        yield found
        text = text[end:]


@pytest.fixture(scope="module")
def clients(tmp_path_factory) -> Path:
    """A folder with a generated package for each service."""
    folder = tmp_path_factory.mktemp("clients")
    generator = python_packages(GENERATOR).with_name("openapi-python-client")
    (folder / "options.yaml").write_text(OPTIONS + "\npost_hooks: []\n", "utf-8")
    running = {
        name: subprocess.Popen(
            [generator, "generate", "--meta", "none", "--config", "options.yaml",
             "--path", FOLDER / f"{name}.json", "--output-path", name],
            cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for name in SERVICES
    }  # fmt: skip
    said = {name: each.communicate(timeout=120)[0] for name, each in running.items()}
    assert said == {name: f"Generating {name}\n" for name in SERVICES}
    return folder


def answered(service: str) -> Iterator[tuple[str, str]]:
    """Each operation with each status of success that carries something."""
    document = json.loads((FOLDER / f"{service}.json").read_text("utf-8"))
    for methods in document["paths"].values():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                if status.startswith("2") and "content" in response:
                    yield operation["operationId"], status


@pytest.mark.slow
@pytest.mark.parametrize("service", SERVICES)
def test_a_generated_client_has_a_type_for_every_answer(clients, service):
    made = {path.stem: path for path in (clients / service / "api").glob("*/*.py")}
    untyped = []
    for operation, status in answered(service):
        text = made[re.sub("_+", "_", operation)].read_text("utf-8")
        _, _, of_status = text.partition(f"status_code == {status}:")
        if not TYPED.search(of_status.partition("return")[0]):
            untyped.append((operation, status))

    assert untyped == []


@pytest.fixture
def identity(database_for) -> Iterator[tuple[str, str]]:
    """The service as it runs, and the token of somebody's login."""
    database_url = database_for("identity")

    async def log_in(settings: dict[str, Any]) -> str:
        async with an_identity(database_url, **settings) as made:
            made.db.clock = SystemClock()
            await made.joined(PERSON)
            return await made.session_token(PERSON)

    with listening() as listener:
        settings = {"public_base_url": base_url(listener), "signing_key": a_pem()}
        token = asyncio.run(log_in(settings))
        with serving(create_app(some_settings(database_url, **settings)), listener):
            yield base_url(listener), token


@pytest.mark.slow
def test_a_generated_client_is_answered_by_the_service(clients, identity):
    base, token = identity

    done = run(python_packages(GENERATOR), "-c", IN_PYTHON, base, token, cwd=clients)

    (me, refused, again, forbidden) = json.loads(done.stdout)
    assert [me[0], refused[0], again[0], forbidden[0]] == ["MeOut", "Problem", "MeOut", "Problem"]
    assert me[1]["id"] == again[1]["id"]
    assert (refused[1]["status"], refused[1]["code"]) == (401, "unauthenticated")
    assert (forbidden[1]["status"], forbidden[1]["code"]) == (403, "scope_missing")
    assert refused[1]["next_action"]
    assert refused[1]["instance"] == "/v1/me"
