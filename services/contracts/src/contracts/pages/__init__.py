"""The signing page: small, without script, in words from the catalogue."""

from __future__ import annotations

import base64
import hashlib
import tomllib
from collections.abc import Mapping
from html import escape
from pathlib import Path
from string import Template

from chassis.problems import Problem
from contracts_schema.terms import Terms

from contracts.domain.contract import Contract
from contracts.domain.wording import in_words

_HERE = Path(__file__).parent


class Pages:
    """Renders the page's three faces: the form, the thanks, the refusal."""

    def __init__(self, locale: str = "en") -> None:
        """Read the shell, its style and the words of this locale."""
        self._shell = Template((_HERE / "shell.html").read_text())
        self._style = (_HERE / "style.css").read_text()
        self._words: Mapping[str, str] = tomllib.loads((_HERE / f"{locale}.toml").read_text())
        self._locale = locale
        digest = base64.b64encode(hashlib.sha256(self._style.encode()).digest()).decode()
        self.style_hash = f"sha256-{digest}"
        """What the content security policy allows as style."""

    def form(self, contract: Contract, user_id: str, problem: Problem | None = None) -> str:
        """The terms in plain words and the form; after a mistyped phrase, with what was wrong."""
        side = contract.side_of(user_id)
        words, terms = self._words, in_words(Terms.model_validate_json(contract.terms_json))
        other = contract.signature_of(side.other)
        wrong = self._complaint(problem) if problem else ""
        status = words["has_signed"] if other else words["has_not_signed"]
        body = (
            f"{wrong}<p>{escape(words['intro'])}</p>"
            f"<p>{escape(words['you_are'])} <strong>{escape(words[side])}</strong>."
            f" {escape(words['counterparty'])} {escape(status)}.</p>"
            f"{self._facts(terms, contract)}{self._signing(contract, bool(problem))}"
        )
        return self._render("sign_title", body)

    def done(self, contract: Contract) -> str:
        """Thanks, and what happens next."""
        words = self._words
        body = (
            f"<p>{escape(contract.what_is_next())}</p><p>{escape(words['done_text'])}</p>"
            f'<p class="quiet">{escape(words["terms_hash"])}<br>'
            f"<code>{contract.terms_sha256}</code></p>"
        )
        return self._render("done_title", body)

    def refused(self, problem: Problem) -> str:
        """Why not, and what to do about it."""
        return self._render("refused_title", self._complaint(problem))

    def _complaint(self, problem: Problem) -> str:
        following = f"<br>{escape(self._words['next_step'])}: {escape(problem.next_action)}"
        told = escape(problem.detail) + (following if problem.next_action else "")
        return f'<p class="bad" role="alert">{told}</p>'

    def _facts(self, terms: Mapping[str, str], contract: Contract) -> str:
        words = self._words
        rows = [(words["what"], terms["title"], "")]
        for name in ("asset", "price", "paid_through", "buyer_pays", "seller_fee"):
            rows.append((words[name], terms[_TERM.get(name, name)], ""))
        rows.append((words["seller_receives"], terms["seller_receives"], ""))
        for name in ("funding", "delivery", "inspection", "inspection_proven"):
            rows.append((words[name], terms[name], words.get(f"{name}_else", "")))
        rows.append((words["conditions"], terms["conditions"] or words["no_conditions"], ""))
        before = f"{contract.sign_before:%Y-%m-%d %H:%M} UTC"
        rows.append((words["sign_before"], before, words["sign_else"]))
        cells = "".join(_row(*row) for row in rows)
        code = (
            f"<dt>{escape(words['terms_hash'])}</dt><dd><code>{contract.terms_sha256}</code></dd>"
        )
        return f"<dl>{cells}{code}</dl>"

    def _signing(self, contract: Contract, wrong: bool) -> str:
        words = self._words
        invalid = ' aria-invalid="true"' if wrong else ""
        return (
            '<form method="post">'
            f'<input type="hidden" name="terms_sha256" value="{contract.terms_sha256}">'
            f'<label for="phrase">{escape(words["type_phrase"])}</label>'
            '<input type="text" id="phrase" name="phrase" required maxlength="40"'
            f' autocomplete="off" autocapitalize="characters" spellcheck="false"{invalid}'
            f'><p class="quiet">{escape(words["binding"])}</p>'
            f"<button>{escape(words['sign_button'])}</button></form>"
        )

    def _render(self, title: str, body: str) -> str:
        return self._shell.substitute(
            locale=self._locale, title=escape(self._words[title]), style=self._style, body=body
        )


_TERM = {"asset": "asset_id", "paid_through": "rail"}


def _row(name: str, value: str, otherwise: str) -> str:
    more = f" <small>{escape(otherwise)}</small>" if otherwise else ""
    return f'<dt>{escape(name)}</dt><dd><bdi dir="auto">{escape(value)}</bdi>{more}</dd>'
