"""Identity's web pages: small, server-rendered, with no script and nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from html import escape

from fastapi.responses import HTMLResponse

from identity.texts import CATALOGUES, Page

_STYLE = (
    "body{font:1.125rem/1.5 system-ui,sans-serif;margin:0;background:#f6f7f9;color:#16181d}"
    "main{max-width:34rem;margin:12vh auto;padding:2rem;background:#fff;border-radius:.75rem;"
    "border:1px solid #d5d9e0}h1{font-size:1.5rem;margin:0 0 1rem}p{margin:.5rem 0}"
    "@media(prefers-color-scheme:dark){body{background:#16181d;color:#e8eaee}"
    "main{background:#1f2229;border-color:#3a3f4a}}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

_DOCUMENT = """<!doctype html>
<html lang="{language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex"><title>{title} · Holdfast</title>
<style>{style}</style></head>
<body><main><h1>{title}</h1><p>{body}</p><p><strong>{next_step}</strong></p></main></body>
</html>
"""

SAFE_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none';"
        " form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Sent with every page and every redirect of a login: its URL holds secrets."""


def render(page: Page, status: int, language: str = "en") -> HTMLResponse:
    """The page as a response that no other site can frame, script or read."""
    text = CATALOGUES[language][page]
    document = _DOCUMENT.format(
        language=escape(language),
        title=escape(text.title),
        body=escape(text.body),
        next_step=escape(text.next_step),
        style=_STYLE,
    )
    return HTMLResponse(document, status, headers=SAFE_HEADERS)
