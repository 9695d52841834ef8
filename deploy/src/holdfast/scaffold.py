"""A new service: its rooms from a template, and its name in each place that lists services."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

_TEMPLATE = Path(__file__).parent / "service_template"
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_NOUN = re.compile(r"[a-z]{2,20}")
_SPEAKERS = "libs/contracts-schema/src/contracts_schema/speakers.py"
_TEST_KIT = "chassis_client"


class CannotMake(ValueError):
    """The service cannot be made; the text says why, and nothing was changed."""


@dataclass(frozen=True, slots=True)
class NewService:
    """What a new service is called, and the noun of the first thing it is about."""

    root: Path
    name: str
    noun: str

    @property
    def package(self) -> str:
        """Its import package, schema and role."""
        return self.name.replace("-", "_")

    def make(self) -> list[str]:
        """Write its folder and register it; the paths that were written or changed."""
        self._check()
        files = dict(self._files())
        changed = {path: change(path.read_text("utf-8")) for path, change in self._registrations()}
        for path, text in {**files, **changed}.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        return sorted(str(path.relative_to(self.root)) for path in {**files, **changed})

    def _check(self) -> None:
        if not _NAME.fullmatch(self.name) or len(self.name) > 30:
            raise CannotMake(f"{self.name!r} is no name of a service: small letters and dashes")
        if not _NOUN.fullmatch(self.noun):
            raise CannotMake(f"{self.noun!r} is no singular noun: two to twenty small letters")
        if self.noun == self.package:
            raise CannotMake("the service and its noun cannot have one name: name the service so")
        if (self.root / "services" / self.name).exists():
            raise CannotMake(f"services/{self.name} exists")

    def _files(self) -> Iterator[tuple[Path, str]]:
        words = self._words()
        home = self.root / "services" / self.name
        for template in sorted(it for it in _TEMPLATE.rglob("*.in") if it.is_file()):
            place = template.relative_to(_TEMPLATE).with_suffix("")
            text = template.read_text("utf-8").format_map(words)
            if place.parts[0] == "refusals":
                schema = self.root / "libs/contracts-schema/src/contracts_schema"
                yield schema / "refusals" / "en" / f"{self.name}.toml", text
                continue
            parts = [self.package if part == "package" else part for part in place.parts]
            parts[-1] = parts[-1].replace("noun", self.noun)
            yield home.joinpath(*parts), text

    def _words(self) -> dict[str, str]:
        escrow = self.root / "services" / "escrow" / "pyproject.toml"
        [back_end] = tomllib.loads(escrow.read_text("utf-8"))["build-system"]["requires"]
        return {
            "name": self.name,
            "package": self.package,
            "Name": "".join(part.capitalize() for part in self.package.split("_")),
            "noun": self.noun,
            "Noun": self.noun.capitalize(),
            "prefix": self.noun[:3],
            "build_back_end": back_end,
            "kit": _TEST_KIT,
        }

    def _registrations(self) -> Iterator[tuple[Path, Callable[[str], str]]]:
        deploy = self.root / "deploy"
        yield deploy / "src/holdfast/services.py", self._in_services
        yield deploy / "src/holdfast/routes.py", self._in_routes
        yield self.root / _SPEAKERS, self._in_speakers
        yield self.root / "docker-compose.yml", self._in_compose
        yield self.root / "services/identity/src/identity/api/token.py", self._in_identity
        yield self.root / "pyproject.toml", self._in_workspace
        yield self.root / "README.md", self._in_readme

    def _in_services(self, text: str) -> str:
        port = 1 + max(int(it) for it in re.findall(r'"[a-z-]+",\s+(80\d\d),', text))
        entry = f'    Service("{self.name}", {port}, ()),\n'
        return _before(text, ")  # fmt: skip\n\n\ndef named", entry)

    def _in_routes(self, text: str) -> str:
        route = f'    Route("{self.name}", ("/v1/{self.name}",)),\n'
        return _before(text, ")  # fmt: skip\n\n\ndef dynamic", route)

    def _in_speakers(self, text: str) -> str:
        entry = f'    "{self.name}": Speaker("{self.name}"),\n'
        return _before(text, '}\n"""By the name of the service', entry)

    def _in_compose(self, text: str) -> str:
        block = re.search(r"\n  notifier:\n.*?(?=\n\n  [a-z])", text, re.DOTALL)
        if block is None:
            raise CannotMake("docker-compose.yml has no block of notifier to follow")
        text = text.replace(block[0], block[0] + "\n" + block[0].replace("notifier", self.name))
        for pattern in (
            r"      - notifier-(owner|database|broker)\n",
            r"  notifier-[a-z-]+: \{file: [^}]+\}\n",
        ):
            lines = "".join(it[0] for it in re.finditer(pattern, text))
            text = text.replace(lines, lines + lines.replace("notifier", self.name))
        waits = "      notifier: {condition: service_healthy}\n"
        return text.replace(waits, waits + waits.replace("notifier", self.name))

    def _in_identity(self, text: str) -> str:
        return _before(text, ")  # fmt: skip\nChecksLogins", f'    "{self.name}",\n')

    def _in_workspace(self, text: str) -> str:
        tests = '    "services/discord-gateway/tests",\n'
        text = _before(text, tests, f'    "services/{self.name}/tests",\n')
        text = text.replace('    "discord_gateway",', f'    "{self.package}", "discord_gateway",')
        named = f'"notifier", "{self.package}", "discord_gateway", "sandbox", "holdfast"'
        text = text.replace('"notifier", "discord_gateway", "sandbox", "holdfast"', named)
        return _before(text, ' | discord_gateway"', f" | {self.package}")

    def _in_readme(self, text: str) -> str:
        link = f"[{self.name}](services/{self.name}/README.md)"
        row = f"| {link} | {self.noun}s | nothing yet | who people are |\n"
        return _before(text, "| [discord-gateway]", row)


def _before(text: str, mark: str, more: str) -> str:
    if text.count(mark) != 1:
        raise CannotMake(f"there is not one place for it before {mark.strip()[:40]!r}")
    return text.replace(mark, more + mark)
