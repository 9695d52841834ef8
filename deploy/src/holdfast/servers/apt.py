"""Packages of one Debian release, whatever Debian this is: no root, no change to the system.

The sources are the machine's own, so its mirror, proxy and keyring hold, with the release renamed.
"""

from __future__ import annotations

import contextlib
import os
import platform
import re
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

RELEASE = "trixie"
TRUST = ("signed-by", "trusted")
_NOT_NEEDED = ("doc", "man", "info", "locale", "lintian", "bug", "gdb", "gcc")
"""What of /usr/share no program reads; licences stay."""
_ALIASES = "stable|oldstable|oldoldstable|testing|unstable|sid"
_ONE_LINE = re.compile(r"deb\s+(?:\[([^]]*)\]\s+)?(\S+)\s+(\S+)\s+(.+)")
PATIENCE_S = 240.0  # less than a client waits for the whole to come up


class NoPackages(RuntimeError):
    """The packages cannot be had on this machine; the text says why."""


def fetch(
    packages: Iterable[str],
    folder: Path,
    sources: str,
    patience_s: float = PATIENCE_S,
    release: str = RELEASE,
) -> None:
    """Have the packages' files in the folder, with package lists kept beside them meanwhile."""
    deadline = time.monotonic() + patience_s
    state = folder / "apt"
    for name in ("sources", "lists/partial", "archives/partial"):
        (state / name).mkdir(parents=True)
    (state / "sources" / "debian.sources").write_text(sources, encoding="utf-8")
    options = list(_options(state, release))
    # A mirror that lacks one suite is told by the update and may still hold every package.
    complaint = _apt([*options, "update"], folder, deadline)
    failure = _apt([*options, "download", *packages], folder, deadline)
    if failure:
        raise NoPackages(f"apt-get gives no packages of Debian {release} ({complaint or failure})")


def unpack(packages: Iterable[str], folder: Path, release: str = RELEASE) -> None:
    """Fetch the packages and unpack them in the folder, from this machine's own sources."""
    files = folder / "packages"
    files.mkdir(parents=True)
    fetch(packages, files, machine_sources(release), release=release)
    for file in files.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", file, folder], check=True)
    shutil.rmtree(files)
    lighten(folder)
    folder.chmod(0o755)


def lighten(folder: Path) -> None:
    """Remove documents and translations, but not the licences, from what was unpacked."""
    for part in _NOT_NEEDED:
        for file in sorted((folder / "usr/share" / part).rglob("*"), reverse=True):
            if file.is_dir() and not file.is_symlink():
                with contextlib.suppress(OSError):  # a licence is in it
                    file.rmdir()
            elif file.name != "copyright":
                file.unlink()


def machine_release() -> str:
    """The codename of the Debian that this machine is."""
    system = platform.freedesktop_os_release()
    if system["ID"] != "debian":
        raise NoPackages(f"packages of Debian do not fit {system['NAME']}")
    return system.get("VERSION_CODENAME", "")


def machine_sources(release: str = RELEASE) -> str:
    """This machine's sources for the wanted release."""
    found = renamed(Path("/etc/apt"), machine_release(), release)
    if not found:
        raise NoPackages("/etc/apt names no source of Debian's own packages")
    return found


def mirror(release: str = RELEASE) -> str:
    """The address where the machine has the release's packages from."""
    [first, *_] = re.findall(r"(?m)^uris: *(\S+)", machine_sources(release))
    return str(first)


def renamed(etc: Path, codename: str, release: str = RELEASE) -> str:
    """The sources of a Debian machine with its release renamed; others, as a vendor's, left out."""
    stanzas: list[dict[str, str]] = []
    for file in sorted((etc / "sources.list.d").glob("*.sources")):
        stanzas += _stanzas(file.read_text(encoding="utf-8"))
    for file in (etc / "sources.list", *sorted((etc / "sources.list.d").glob("*.list"))):
        if file.is_file():
            stanzas += _one_lines(file.read_text(encoding="utf-8"))
    ours = [it for it in (_renamed(stanza, codename, release) for stanza in stanzas) if it]
    return "\n".join(
        "".join(f"{name}: {value}\n" for name, value in it.items()) for it in _agreeing(ours)
    )


def _agreeing(sources: list[dict[str, str]]) -> list[dict[str, str]]:
    """The same, where every mention of a mirror has the trust of the first that has any.

    A machine may name a mirror in both styles, once without its keyring: apt warns of that, and
    refuses it where the release is not the one that it knows.
    """
    trust: dict[str, dict[str, str]] = {}
    for source in sources:
        if named := {name: source[name] for name in TRUST if name in source}:
            trust.setdefault(source["uris"].rstrip("/"), named)
    return [source | trust.get(source["uris"].rstrip("/"), {}) for source in sources]


def _options(state: Path, release: str) -> Iterator[str]:
    settings = {
        "APT::Sandbox::User": "root",
        "APT::Default-Release": release,
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": state / "sources",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::State::lists": state / "lists",
        "Dir::Cache": state,
        "Dir::Cache::archives": state / "archives",
        "Acquire::Languages": "none",
        "Acquire::Retries": 2,
        "Acquire::http::Timeout": 20,
        "Acquire::https::Timeout": 20,
    }
    for name, value in settings.items():
        yield from ("-o", f"{name}={value}")


def _apt(words: list[str], folder: Path, deadline: float) -> str | None:
    """Why apt-get failed, or None when it did not."""
    try:
        done = subprocess.run(
            ["apt-get", "-q", *words],
            cwd=folder, capture_output=True, text=True, check=False,
            timeout=max(deadline - time.monotonic(), 1.0), env={**os.environ, "LC_ALL": "C"},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "they did not arrive in time"
    said = [line for line in done.stderr.splitlines() if line.startswith("E:")]
    return "; ".join(said[:3]) if done.returncode else None


def _stanzas(text: str) -> Iterator[dict[str, str]]:
    for part in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = {}
        name = ""
        for line in part.splitlines():
            if line[:1].isspace() and name:
                fields[name] += f"\n{line}"
            elif ":" in line and not line.startswith("#"):
                name, _, value = line.partition(":")
                name = name.strip().lower()
                fields[name] = value.strip()
        if "deb" in fields.get("types", "").split() and fields.get("enabled") != "no":
            yield fields


def _one_lines(text: str) -> Iterator[dict[str, str]]:
    for line in text.splitlines():
        found = _ONE_LINE.fullmatch(line.partition("#")[0].strip())
        if found:
            options = dict(it.split("=", 1) for it in (found[1] or "").split() if "=" in it)
            yield options | {"uris": found[2], "suites": found[3], "components": found[4]}


def _renamed(stanza: Mapping[str, str], codename: str, release: str) -> dict[str, str] | None:
    """The stanza for the wanted release, or None when it is not Debian's own."""
    kin = re.compile(rf"(?:{re.escape(codename)}|{_ALIASES})(-updates|-security)?")
    suites = [kin.fullmatch(it) for it in stanza["suites"].split()]
    wanted = [release + (it[1] or "") for it in suites if it]
    if not wanted or "main" not in stanza["components"].split() or "cdrom:" in stanza["uris"]:
        return None
    trust = {name: stanza[name] for name in TRUST if name in stanza}
    where = {"types": "deb", "uris": stanza["uris"], "suites": " ".join(wanted)}
    return {**where, "components": "main", **trust}
