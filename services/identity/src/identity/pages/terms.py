"""The terms of service as a page: headings and paragraphs, as the text has them."""

from __future__ import annotations

from html import escape

from chassis.http.pages import page
from fastapi.responses import HTMLResponse

from identity.domain.terms import Terms
from identity.pages.notice import TEXTS

_TITLE, _HEADING = "# ", "## "


def render(terms: Terms, *, is_current: bool, language: str = "en") -> HTMLResponse:
    """One version, with the hash of its text; one that is not in force says so first."""
    blocks = [block.strip() for block in terms.text.split("\n\n")]
    title = blocks[0].removeprefix(_TITLE)
    body = "".join(_block(block) for block in blocks[1:] if block)
    earlier = "" if is_current else _earlier(language)
    fingerprint = escape(TEXTS.text("terms.fingerprint", language, version=terms.version))
    end = f'<p class="quiet">{fingerprint}<br><code>{escape(terms.sha256)}</code></p>'
    return page(title, earlier + body + end, language=language)


def _block(block: str) -> str:
    if block.startswith(_HEADING):
        return f"<h2>{escape(block.removeprefix(_HEADING))}</h2>"
    return f"<p>{escape(block)}</p>"


def _earlier(language: str) -> str:
    told, link = (escape(TEXTS.text(f"terms.{key}", language)) for key in ("earlier", "link"))
    return f'<p class="bad">{told} <a href="/terms">{link}</a></p>'
