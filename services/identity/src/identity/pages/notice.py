"""Pages that say what happened and the next step: the front page, and where a browser ends."""

from __future__ import annotations

from enum import StrEnum
from html import escape

from chassis.http.pages import page, paragraphs
from chassis.texts import texts_of
from fastapi.responses import HTMLResponse

TEXTS = texts_of("identity")


class Page(StrEnum):
    """Every page a person may end on; its texts stand under ``page`` in the catalogue."""

    HOME = "home"
    LOGGED_IN = "logged_in"
    LOGGED_IN_UNLINKED = "logged_in_unlinked"
    NOT_JOINED = "not_joined"
    TERMS_NOT_CURRENT = "terms_not_current"
    TERMS_UNKNOWN = "terms_unknown"
    LINKED = "linked"
    NOT_THE_OWNER = "not_the_owner"
    TAKEN = "taken"
    HAS_ANOTHER = "has_another"
    LINK_UNKNOWN = "link_unknown"
    LINK_SPENT = "link_spent"
    LINK_EXPIRED = "link_expired"
    LINK_COMPLETED = "link_completed"
    SUSPENDED = "suspended"
    STATE_REFUSED = "state_refused"
    PROVIDER_REFUSED = "provider_refused"
    PROVIDER_UNAVAILABLE = "provider_unavailable"


_NAME_THE_TERMS = {Page.HOME, Page.NOT_JOINED, Page.TERMS_NOT_CURRENT, Page.TERMS_UNKNOWN}


def render(shown: Page, status: int, language: str = "en", **values: str) -> HTMLResponse:
    """What happened and the next step, as a page that no other site can frame, script or read."""

    def text(part: str) -> str:
        return TEXTS.text(f"page.{shown}.{part}", language, **values)

    body = f"{paragraphs(text('body'))}<p><strong>{escape(text('next_step'))}</strong></p>"
    if shown in _NAME_THE_TERMS:
        body += f'<p><a href="/terms">{escape(TEXTS.text("terms.link", language))}</a></p>'
    return page(text("title"), body, status=status, language=language)
