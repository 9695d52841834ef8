"""The signing page's three views: the form, the confirmation, the refusal."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from chassis.http.pages import page, paragraphs
from chassis.problems import Problem
from chassis.texts import texts_of
from contracts_schema.events.listings import Side
from fastapi.responses import HTMLResponse

from contracts.domain.contract import Contract
from contracts.domain.wording import breakable, in_words

_TEXTS = texts_of("contracts")


def form(contract: Contract, side: Side, problem: Problem | None = None) -> HTMLResponse:
    """The terms in plain words and the form; after a mistyped phrase, with what was wrong."""
    other = "has_signed" if contract.signature_of(side.other) else "has_not_signed"
    facts = "".join(_fact(*each) for each in _facts(contract))
    body = (
        f"{_complaint(problem) if problem else ''}<p>{_html('intro')}</p>"
        f"<p>{_html('you_are')} <strong>{_html(side)}</strong>."
        f" {_html('counterparty')} {_html(other)}.</p>"
        f"<dl>{facts}<dt>{_html('terms_hash')}</dt>"
        f"<dd><code>{contract.terms_sha256}</code></dd></dl>{_form(contract, bool(problem))}"
    )
    status = problem.status if problem else 200
    return page(_text("sign_title"), body, status=status, has_form=True)


def done(contract: Contract) -> HTMLResponse:
    """The signature is kept, and what happens next."""
    body = (
        f"{paragraphs(contract.what_is_next(), _text('done_text'))}"
        f'<p class="quiet">{_html("terms_hash")}<br><code>{contract.terms_sha256}</code></p>'
    )
    return page(_text("done_title"), body)


def refused(problem: Problem) -> HTMLResponse:
    """Why not, and what to do about it."""
    return page(_text("refused_title"), _complaint(problem), status=problem.status)


def _complaint(problem: Problem) -> str:
    following = f"<br>{_html('next_step')}: {escape(problem.next_action)}"
    told = escape(problem.detail) + (following if problem.next_action else "")
    return f'<p class="bad" role="alert">{told}</p>'


def _facts(contract: Contract) -> Iterator[tuple[str, str, str]]:
    """Each fact of the contract: its name, its value, and what happens if nobody acts."""
    words = in_words(contract.agreed_terms)
    yield _text("what"), breakable(words["title"]), ""
    yield _text("asset"), breakable(words["asset_id"]), ""
    yield _text("price"), words["price"], ""
    yield _text("paid_through"), words["rail"], ""
    for name in ("buyer_pays", "seller_fee", "seller_receives"):
        yield _text(name), words[name], ""
    for name in ("funding", "delivery", "inspection"):
        yield _text(name), words[name], _text(f"{name}_else")
    yield _text("inspection_proven"), words["inspection_proven"], ""
    yield _text("conditions"), breakable(words["conditions"]) or _text("no_conditions"), ""
    yield _text("sign_before"), f"{contract.sign_before:%Y-%m-%d %H:%M} UTC", _text("sign_else")


def _fact(name: str, value: str, otherwise: str) -> str:
    more = f" <small>{escape(otherwise)}</small>" if otherwise else ""
    return f'<dt>{escape(name)}</dt><dd><bdi dir="auto">{escape(value)}</bdi>{more}</dd>'


def _form(contract: Contract, wrong: bool) -> str:
    invalid = ' aria-invalid="true"' if wrong else ""
    return (
        '<form method="post">'
        f'<input type="hidden" name="terms_sha256" value="{contract.terms_sha256}">'
        f'<label for="phrase">{_html("type_phrase")}</label>'
        '<input type="text" id="phrase" name="phrase" required maxlength="40"'
        f' autocomplete="off" autocapitalize="characters" spellcheck="false"{invalid}'
        f'><p class="quiet">{_html("binding")}</p>'
        f"<button>{_html('sign_button')}</button></form>"
    )


def _text(name: str) -> str:
    return _TEXTS.text(f"signing_page.{name}")


def _html(name: str) -> str:
    return escape(_text(name))
