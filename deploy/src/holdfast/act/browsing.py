"""Following a link as a person does: page after page, each form answered, to where it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import httpx
from rich.text import Text

from holdfast.act import screen
from holdfast.act.page import Form, Page, Unanswered, choices
from holdfast.demo.outside import Browser, OutsideRefused

_MOST_PAGES = 10


class PageRefused(RuntimeError):
    """A page said no; the text is what it says."""


async def follow(
    url: str,
    given: Mapping[str, str],
    mine: frozenset[str],
    show: Callable[[Iterable[Text]], None],
) -> None:
    """Open the link, answer each form with what was given or one's own accounts, and show all."""
    browser = Browser()
    try:
        await _walk(browser, url, _Answers(dict(given), mine), show)
    except OutsideRefused as refused:
        page = Page.read(refused.answer.text)
        raise PageRefused("; ".join(page.lines[:4]) or str(refused)) from refused
    finally:
        await browser.close()


class _Answers:
    """What a person fills in, and which of it no page has asked for yet."""

    def __init__(self, given: dict[str, str], mine: frozenset[str]) -> None:
        self.given, self.mine, self.left = given, mine, set(given)

    def of(self, form: Form) -> tuple[dict[str, str], str]:
        """What is sent, and the button."""
        self.left -= form.names
        return form.filled(self.given, self.mine)


async def _walk(
    browser: Browser, url: str, answers: _Answers, show: Callable[[Iterable[Text]], None]
) -> None:
    answer, asked = await browser.open(url), list[str]()
    for _ in range(_MOST_PAGES):
        page = Page.read(answer.text)
        show(screen.page(page, _address(answer)))
        if page.form is None:
            break
        asked += choices(page.form)
        sent, button = answers.of(page.form)
        show(_answered(page.form, sent, button))
        answer = await browser.submit(answer, sent, page.form.action)
    if answers.left:
        unknown, known = ", ".join(sorted(answers.left)), "; ".join(asked) or "nothing"
        raise Unanswered(f"no page asked for {unknown}; they asked for {known}")


def _answered(form: Form, sent: Mapping[str, str], button: str) -> Iterable[Text]:
    for name, field in form.fields.items():
        if not field.fixed and name in sent:
            labels = [it.label.strip() for it in field.choices if it.value == sent[name]]
            yield Text(f"  {name}: {labels[0] if labels else sent[name]}", "cyan")
    yield Text(f"  pressed [{button}]", "cyan")


def _address(answer: httpx.Response) -> str:
    """The address without the secrets of its query."""
    return str(answer.url.copy_with(query=None, fragment=None))
