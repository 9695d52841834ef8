"""The configuration file, and how it refuses what it cannot use."""

from pathlib import Path

import pytest
from sandbox.config import BadConfig, Section, load, parse
from sandbox.stripe import settings


def test_absent_keys_have_defaults_and_given_ones_are_read() -> None:
    config = parse({"stripe": {"secret_key": "sk_test_1", "pending_days": 7}}, "http://x")
    read = settings.read(config)
    assert (read.secret_key, read.pending_days, read.fee_bps) == ("sk_test_1", 7, 290)
    assert read.base_url == "http://x"


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ([], "JSON object"),
        ({"strip": {}}, "strip"),
        ({"stripe": 5}, "stripe"),
        ({"stripe": {"secret": "x"}}, "secret"),
        ({"stripe": {"secret_key": 5}}, "stripe.secret_key"),
        ({"stripe": {"pending_days": True}}, "stripe.pending_days"),
        ({"stripe": {"webhook_retry_scale": -1}}, "stripe.webhook_retry_scale"),
    ],
)
def test_what_cannot_be_used_is_named(document: object, named: str) -> None:
    with pytest.raises(BadConfig, match=named):
        settings.read(parse(document, "http://x"))


@pytest.mark.parametrize(("text", "named"), [("{", "cannot read"), (None, "cannot read")])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, text: str | None, named: str) -> None:
    file = tmp_path / "sandbox.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(BadConfig, match=f"{named}.*{file.name}"):
        load(file, "http://x")


def test_lists_are_checked_too() -> None:
    section = Section("discord", {"names": ["a"], "wrong": [1]})
    assert section.texts("names") == ("a",)
    with pytest.raises(BadConfig):
        section.texts("wrong")
