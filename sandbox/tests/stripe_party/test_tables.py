"""The committed tables say what the types of Stripe's newest client say."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import stripe
from sandbox.stripe import describe
from sandbox.stripe.parameters import TABLE
from sandbox.stripe.settings import VERSION
from sandbox.stripe.store import SKELETONS
from stripe_description import faults_of_object, unshown

NEW = [
    ("POST /v1/payment_intents", "automatic_payment_methods.allow_redirects"),
    ("POST /v1/payment_intents", "confirmation_token"),
    ("POST /v1/accounts", "controller.stripe_dashboard.type"),
    ("POST /v1/account_links", "collection_options.fields"),
    ("POST /v1/checkout/sessions", "ui_mode"),
    ("POST /v1/checkout/sessions", "return_url"),
    ("GET /v1/checkout/sessions", "status"),
    ("GET /v1/checkout/sessions", "created"),
]


def texts(spec: Any, path: str = "") -> set[str]:
    """The paths of all parameters that are text."""
    if isinstance(spec, dict):
        below = [texts(spec[name], f"{path}.{name}".strip(".")) for name in spec if name != "!"]
        return set[str]().union(*below)
    if isinstance(spec, list):
        return set[str]().union(*(texts(one, path) for one in spec[1:]))
    return {path} if spec.startswith("s") else set()


def test_the_tables_are_what_the_types_of_the_newest_client_say(tmp_path: Path) -> None:
    """Made anew by the command that made them; a newer client asks for them to be made again."""
    made = subprocess.run(
        [sys.executable, "-m", "sandbox.stripe.describe", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    for name in ("description.json", "parameters.json", "answers.json", "skeletons.json"):
        assert json.loads((tmp_path / name).read_text()) == describe.read(name), name


def test_the_kept_description_is_of_the_version_that_is_claimed() -> None:
    assert describe.read("description.json")["api_version"] == stripe.api_version == VERSION


def test_every_length_is_that_of_a_parameter() -> None:
    for endpoint, lengths in describe.read("lengths.json").items():
        assert set(lengths) - texts(TABLE[endpoint]) == set(), endpoint


@pytest.mark.parametrize(("endpoint", "path"), NEW)
def test_what_older_descriptions_did_not_have_is_known(endpoint: str, path: str) -> None:
    spec = TABLE[endpoint]
    for name in path.split("."):
        assert name in spec
        spec = spec[name]


def test_what_the_version_has_no_more_is_refused() -> None:
    assert "payment_method_types" not in TABLE["POST /v1/checkout/sessions"]
    assert "payment_method_types" not in TABLE["POST /v1/payment_intents"]


@pytest.mark.parametrize("kind", sorted(SKELETONS))
def test_each_skeleton_is_a_valid_object_and_shows_every_field(kind: str) -> None:
    if kind != "event":
        assert faults_of_object(SKELETONS[kind]) == []
    assert unshown(SKELETONS[kind]) == set()


@pytest.mark.parametrize(
    "mutant",
    [
        {"amount": "100"},
        {"amount": True},
        {"livemode": None},
        {"captured": 1},
        {"currency": None},
        {"status": "done"},
        {"outcome": {"risk_score": "high"}},
        {"refunds": {"object": "list", "data": [{"object": "refund"}]}},
        {"colour": "red"},
    ],
)
def test_the_judge_catches_a_wrong_object(mutant: dict) -> None:
    assert faults_of_object({**SKELETONS["charge"], **mutant}) != []


def test_the_judge_catches_a_missing_field() -> None:
    charge = json.loads(json.dumps(SKELETONS["charge"]))
    del charge["livemode"]
    assert faults_of_object(charge) != []
