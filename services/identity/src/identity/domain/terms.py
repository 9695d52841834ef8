"""The terms of service: texts that do not change, of which the newest is in force."""

from __future__ import annotations

from dataclasses import dataclass

from identity.domain.errors import TermsNotCurrent


@dataclass(frozen=True, slots=True)
class Terms:
    """One version: its text, and the SHA-256 of exactly that text in UTF-8."""

    version: str
    sha256: str
    text: str


@dataclass(frozen=True, slots=True)
class TermsOfService:
    """Every version, the newest last."""

    published: tuple[Terms, ...]

    @property
    def current(self) -> Terms:
        """The version in force."""
        return self.published[-1]

    def find(self, version: str) -> Terms | None:
        """The version of this name."""
        return next((each for each in self.published if each.version == version), None)

    def agreed(self, version: str) -> Terms:
        """What somebody agrees to now who names this version: the one in force, or nothing."""
        if version != self.current.version:
            raise TermsNotCurrent(current=self.current.version)
        return self.current
