"""Logs are JSON lines without secrets."""

import io
import json
import logging
from contextlib import redirect_stderr

import pytest
import structlog
from chassis.ops import telemetry

SECRETS = [
    "sk_test_51Habcdefgh",
    "sk_live_51Habcdefgh",
    "whsec_abcdefgh",
    "hfk_0123456789",
    "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ1c3JfMSJ9.c2lnbmF0dXJl",
]
URL = "postgresql://escrow:hunter2@127.0.0.1:5432/holdfast"


@pytest.fixture
def lines():
    """What is logged, as parsed lines; the process's own logging is put back afterwards."""
    root, out = logging.getLogger(), io.StringIO()
    before, configured = (root.handlers[:], root.level), structlog.get_config()
    with redirect_stderr(out):
        telemetry.set_up_logs("escrow", "INFO")
    yield lambda: [json.loads(line) for line in out.getvalue().splitlines()]
    root.handlers[:], root.level = before
    structlog.configure(**configured)
    structlog.contextvars.clear_contextvars()


def test_a_line_says_when_who_and_how_bad(lines):
    structlog.get_logger("a.module").warning("relay.waiting", rows=3)

    [line] = lines()

    assert (line["event"], line["rows"], line["level"]) == ("relay.waiting", 3, "warning")
    assert (line["service"], line["logger"]) == ("escrow", "a.module")
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.abuse("K1")
def test_a_secret_is_blotted_out_wherever_it_stands(lines, secret):
    log = structlog.get_logger("a")
    log.info(f"sent {secret} out", detail=f"got {secret}", deep={"list": [f"key={secret}"]})
    logging.getLogger("a.library").warning("answered %s", secret)
    try:
        raise RuntimeError(f"refused {secret}")
    except RuntimeError:
        log.exception("failed")
        logging.getLogger("a.library").exception("failed")

    assert len(lines()) == 4
    assert secret not in json.dumps(lines())


@pytest.mark.parametrize(
    "name", ["password", "STRIPE_SECRET_KEY", "access_token", "Authorization", "set-cookie"]
)
@pytest.mark.abuse("K1")
def test_what_is_named_like_a_secret_is_blotted_out(lines, name):
    structlog.get_logger("a").info("seen", **{name: "plain"}, headers={name: "plain"})

    assert "plain" not in json.dumps(lines())


def test_the_password_of_a_url_is_blotted_out_and_its_host_stays(lines):
    structlog.get_logger("a").info("connecting", url=URL)
    logging.getLogger("b").warning("cannot connect to %s", URL)

    text = json.dumps(lines())

    assert "hunter2" not in text
    assert "127.0.0.1:5432" in text


def test_ordinary_words_stay(lines):
    structlog.get_logger("a").info("deal.shown", topic="escrow.opened.v1", count=2)

    [line] = lines()

    assert (line["topic"], line["count"]) == ("escrow.opened.v1", 2)
