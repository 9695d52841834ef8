"""Web pages: small, server-rendered, without script, and closed to everything from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from importlib import resources
from string import Template

from fastapi.responses import HTMLResponse

_HOME = resources.files(__package__)
_STYLE = (_HOME / "page.css").read_text("utf-8")
_DOCUMENT = Template((_HOME / "page.html").read_text("utf-8"))
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

SAFE_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'none';"
        " frame-ancestors 'none'; base-uri 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}
"""For every page, and every redirect whose address holds a secret: not framed, kept or found."""

FORM_HEADERS = SAFE_HEADERS | {
    "Content-Security-Policy": SAFE_HEADERS["Content-Security-Policy"].replace(
        "form-action 'none'", "form-action 'self'"
    )
}
"""The same for a page with a form, which it may send to where it came from."""


def page(
    title: str, body: str, *, status: int = 200, language: str = "en", has_form: bool = False
) -> HTMLResponse:
    """The page as a response. ``title`` is text; ``body`` is HTML whose texts are escaped."""
    document = _DOCUMENT.substitute(
        language=escape(language), title=escape(title), style=_STYLE, body=body
    )
    return HTMLResponse(document, status, headers=FORM_HEADERS if has_form else SAFE_HEADERS)


def paragraphs(*texts: str) -> str:
    """Texts as paragraphs of HTML; empty ones are left out."""
    return "".join(f"<p>{escape(text)}</p>" for text in texts if text)
