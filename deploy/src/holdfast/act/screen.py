"""Cards and pages as a terminal shows them."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator
from datetime import datetime

from rich.text import Text

from holdfast.act.page import Page
from holdfast.demo.outside import Json

WIDTH = 80
_BOLD = re.compile(r"\*\*(.+?)\*\*")
_MOMENT = re.compile(r"<t:(-?\d+)(?::[tTdDfFR])?>")
_ESCAPED = re.compile(r"\\(.)")
_PLACES = {"dm": "direct message", "thread": "thread", "private_thread": "thread"}
_STEPS = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def card(message: Json, now: datetime) -> Iterator[Text]:
    """A message as its reader sees it: where it stands, what it says, what can be pressed."""
    yield Text(f"-- {_place(message)} ".ljust(WIDTH, "-"), "dim")
    for line in message["text"].splitlines():
        yield from _line(line, now)
    for file in message["attachments"]:
        yield Text(f"  file: {file['filename']}  {file['url']}")
    pressable = [it for it in message["buttons"] if not it["disabled"]]
    for button in (it for it in pressable if it["url"]):
        yield Text(f"  [{button['label']}]", "cyan")
        yield Text(f"    {button['url']}", "dim")
    buttons = [f"[{it['label']}]" for it in pressable if not it["url"]]
    if buttons:
        yield Text(f"  {'  '.join(buttons)}", "cyan")


def page(shown: Page, address: str) -> Iterator[Text]:
    """A web page: its title and address, and what it says."""
    yield Text(f"-- web page: {shown.title} ".ljust(WIDTH, "-"), "dim")
    yield Text(f"  {address}", "dim")
    for line in shown.lines:
        if line != shown.title:
            yield from _wrapped(line, "")


def form(title: str, fields: list[tuple[str, Json]]) -> Iterator[Text]:
    """A form of Discord's: each field by the name it is filled in with, and what it takes."""
    yield Text(f"-- form: {title} ".ljust(WIDTH, "-"), "dim")
    for label, it in fields:
        yield Text(f"  {it['custom_id']:<16} {label}: {_takes(it)}")
        if it.get("placeholder") not in (None, "", it.get("value")):
            yield Text(f"{'':<18} {it['placeholder']}", "dim")


def moment(seconds: int, now: datetime) -> str:
    """How far away a moment is, as Discord words it."""
    away = seconds - now.timestamp()
    size, unit = next((it for it in _STEPS if abs(away) >= it[0]), _STEPS[-1])
    count = round(abs(away) / size)
    words = f"{count} {unit}{'' if count == 1 else 's'}"
    return f"in {words}" if away >= 0 else f"{words} ago"


def obvious(message: Json) -> str:
    """What stands on the button that most people press next; nothing where that is open."""
    there = [it for it in message["buttons"] if not it["disabled"]]
    leading = [it for it in there if it["style"] in ("primary", "success", "link")]
    asked = there if len(there) == 1 and there[0]["style"] == "danger" else leading
    return str(asked[0]["label"]) if asked else ""


def quoted(word: str) -> str:
    """The word as it is typed in a shell, with the quotes that read best."""
    if shlex.quote(word) == word:
        return word
    return f'"{word}"' if not set(word) & set('"$`\\!') else shlex.quote(word)


def _place(message: Json) -> str:
    channel = message["channel"]
    place = _PLACES.get(channel["kind"], f"#{channel['name']}")
    return f"{place}, only you see this" if message["ephemeral"] else place


def _line(line: str, now: datetime) -> Iterator[Text]:
    line = _MOMENT.sub(lambda found: moment(int(found[1]), now), line)
    if line.startswith("### "):
        yield from _wrapped(line.removeprefix("### "), "bold")
    elif line.startswith("-# "):
        yield from _wrapped(line.removeprefix("-# "), "dim")
    else:
        yield from _wrapped(line, "")


def _wrapped(line: str, style: str) -> Iterator[Text]:
    indent = "    " if line.startswith("• ") else "  "
    plain = _ESCAPED.sub(r"\1", _BOLD.sub(r"\1", line))
    style = "bold" if _BOLD.fullmatch(line) else style
    for part in textwrap.wrap(
        plain, WIDTH, initial_indent="  ", subsequent_indent=indent, break_on_hyphens=False
    ):
        yield Text(part, style)


def _takes(it: Json) -> str:
    if it.get("options"):
        return " or ".join(str(option["value"]) for option in it["options"])
    least, most = max(it.get("min_length") or 0, 1), it.get("max_length") or 4000
    if not it.get("required", True):
        return f"up to {most} characters, or empty"
    there = f"; {it['value']!r} if not given" if it.get("value") else ""
    return f"{least} to {most} characters{there}"
