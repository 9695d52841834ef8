"""The words of this service, from one catalogue, and the pages made of them."""

from __future__ import annotations

import tomllib
from functools import cache
from html import escape
from importlib.resources import files

_SHELL = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{{font:1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem}}
</style></head><body><main><h1>{title}</h1><p>{body}</p></main></body></html>
"""


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Every text that a person may see, by place and name."""
    return tomllib.loads(files(__package__).joinpath("en.toml").read_text("utf-8"))


class Pages:
    """The pages by name, ready to be sent."""

    def __init__(self) -> None:
        """Read the catalogue once."""
        self._pages = {
            name: _SHELL.format(title=escape(words["title"]), body=escape(words["body"]))
            for name, words in catalogue().items()
            if "body" in words
        }

    def page(self, name: str) -> str:
        """The page of this name."""
        return self._pages[name]
