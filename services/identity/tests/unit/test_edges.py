"""Pages, texts, secrets, settings and refusals: what must hold of each of them."""

from __future__ import annotations

import base64
import hashlib
import inspect
import re

import pytest
from contracts_schema import refusals
from identity.adapters.token_issuer import token_issuer
from identity.api.problems import RULES
from identity.domain import errors
from identity.domain.secret import challenge, digest, prefixed, url_token
from identity.pages.notice import TEXTS, Page, render
from identity.settings import Settings
from identity_builders import a_pem, some_settings
from pydantic import ValidationError


@pytest.mark.parametrize("language", sorted(TEXTS.languages()))
def test_every_page_has_its_text_in_every_language(language: str):
    parts = ("title", "body", "next_step")
    beside = {f"terms.{key}" for key in ("link", "earlier", "fingerprint")}
    pages = {f"page.{page}.{part}" for page in Page for part in parts}
    assert TEXTS.keys(language) == pages | beside


@pytest.mark.parametrize("page", list(Page))
def test_a_page_allows_its_own_style_and_nothing_else(page: Page):
    shown = render(page, 200)
    style = re.search(rb"<style>(.*?)</style>", shown.body, re.DOTALL).group(1)
    policy = shown.headers["Content-Security-Policy"]
    wanted = base64.b64encode(hashlib.sha256(style).digest()).decode()
    assert f"style-src 'sha256-{wanted}'" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert b"<script" not in shown.body
    assert shown.headers["Cache-Control"] == "no-store"
    assert shown.headers["Referrer-Policy"] == "no-referrer"


def test_every_refusal_has_a_rule_with_a_next_step():
    kinds = {
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, errors.IdentityError) and kind is not errors.IdentityError
    }
    assert kinds == set(RULES)
    assert all(refusals.catalogue("en")[kind.own_wording()]["next_action"] for kind in kinds)


def test_the_challenge_is_that_of_rfc_7636():
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_secrets_differ_and_their_hashes_do_not_tell_them():
    tokens = {url_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) == 43 for token in tokens)
    assert re.fullmatch(r"hfk_[0-9a-f]{64}", prefixed("hfk_"))
    assert digest("a\udcff") != digest("a")


@pytest.mark.parametrize(
    "name",
    [
        "signing_key",
        "service_secret",
        "discord_application_id",
        "discord_client_secret",
        "roblox_client_id",
        "roblox_client_secret",
    ],
)
def test_no_credential_has_a_default(name: str):
    values = some_settings("postgresql://x").model_dump()
    del values[name]
    with pytest.raises(ValidationError, match=name):
        Settings(**values)


def test_a_short_service_secret_is_refused():
    with pytest.raises(ValidationError, match="16 characters"):
        some_settings("postgresql://x", service_secret="short")


def test_settings_do_not_show_their_secrets():
    settings = some_settings("postgresql://user:pass@x")
    assert settings.signing_key.get_secret_value() not in repr(settings)
    assert settings.service_secret.get_secret_value() not in repr(settings)


@pytest.mark.parametrize("pem", ["", "not a key", "-----BEGIN PRIVATE KEY-----\nAAAA\n"])
def test_a_signing_key_that_is_none_is_named(pem: str):
    with pytest.raises(ValueError, match="HOLDFAST_SIGNING_KEY"):
        token_issuer(pem, "http://x")


def test_a_public_key_does_not_sign():
    public = token_issuer(a_pem(), "http://x").key.as_pem(private=False).decode()
    with pytest.raises(ValueError, match="HOLDFAST_SIGNING_KEY"):
        token_issuer(public, "http://x")


def test_cookies_are_for_https_only_where_the_public_address_is():
    assert not some_settings("postgresql://x").secure_cookies
    assert some_settings("postgresql://x", public_base_url="https://h.example").secure_cookies
