"""What people read: the terms of service, and beside them the catalogue of each language."""

from __future__ import annotations

import hashlib
import tomllib
from functools import cache
from importlib import resources

from identity.domain.terms import Terms, TermsOfService


@cache
def terms_of_service() -> TermsOfService:
    """Every published version; raises ValueError if a text is not the one that was published."""
    folder = resources.files(__package__) / "terms"
    listed = tomllib.loads((folder / "versions.toml").read_text("utf-8"))["version"]
    published = []
    for each in listed:
        content = (folder / f"{each['name']}.md").read_bytes()
        if (sha256 := hashlib.sha256(content).hexdigest()) != each["sha256"]:
            raise ValueError(f"the terms {each['name']} were changed after they were published")
        published.append(Terms(each["name"], sha256, content.decode("utf-8")))
    return TermsOfService(tuple(published))
