"""The version a caller saw: ``ETag`` out, ``If-Match`` in; who names an old one is refused."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Header

from chassis.problems import Problem

IfMatch = Annotated[str | None, Header(alias="If-Match", max_length=40)]


def etag(version: int) -> str:
    """The strong entity tag of an aggregate's version."""
    return f'"{version}"'


def seen_version(if_match: str | None) -> int | None:
    """The version the caller names, or None if they name none."""
    if if_match is None or if_match == "*":
        return None
    match = re.fullmatch(r'"([0-9]{1,18})"', if_match)
    if match is None:
        raise Problem(400, "if_match_malformed", given=repr(if_match[:40]))
    return int(match.group(1))


def require_version(seen: int | None, current: int) -> None:
    """Refuse a caller who acts on what is no longer so."""
    if seen is not None and seen != current:
        raise Problem(412, "version_moved", seen=seen, current=current)
