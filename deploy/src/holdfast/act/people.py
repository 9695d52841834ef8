"""The two people one can act as: their accounts outside, remembered by the instance."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass

from holdfast.demo.outside import Outside, OutsideRefused
from holdfast.instance import Instance

NAMES = {"seller": "Sela", "buyer": "Bob"}
"""What each does in the trade, and the name in Discord and Roblox."""
GAMES = ("Tower Defence Legends", "Pet Island", "Sky Racers")
_GUILD = "Holdfast market"


@dataclass(frozen=True, slots=True)
class Person:
    """One of them, in the guild where they meet."""

    role: str
    name: str
    discord_id: str
    roblox_id: int
    guild: str
    channel: str


async def ready(instance: Instance, outside: Outside) -> dict[str, Person]:
    """The people by what they do; made where the outside world does not know them."""
    known = _remembered(instance)
    if known and await _exist(outside, known):
        return known
    return await fresh(instance, outside)


async def prepare(instance: Instance, sandbox_url: str) -> None:
    """Have the two people there, for who wants to act as them."""
    outside = Outside(sandbox_url)
    try:
        await ready(instance, outside)
    finally:
        await outside.close()


async def fresh(instance: Instance, outside: Outside) -> dict[str, Person]:
    """Two new people with new accounts in a guild of their own; the seller has games."""
    mark = secrets.token_hex(3)
    ids = {role: await outside.person(f"{role}-{mark}", name) for role, name in NAMES.items()}
    guild, channel = await outside.guild(_GUILD, [discord_id for discord_id, _ in ids.values()])
    people = {
        role: Person(role, NAMES[role], discord_id, roblox_id, guild, channel)
        for role, (discord_id, roblox_id) in ids.items()
    }
    for game in GAMES:
        await outside.game(game, people["seller"].roblox_id)
    told = json.dumps({role: asdict(it) for role, it in people.items()}, indent=1)
    (instance.run / "people.json").write_text(told, encoding="utf-8")
    return people


async def games(outside: Outside, person: Person) -> dict[str, str]:
    """The names of the person's games at Roblox, with their ids."""
    found = (await outside.get("/roblox/state"))["games"]
    owner = {"type": "User", "id": person.roblox_id}
    return {it["name"]: str(it["universe_id"]) for it in found if it["owner"] == owner}


def _remembered(instance: Instance) -> dict[str, Person]:
    try:
        told = json.loads((instance.run / "people.json").read_text(encoding="utf-8"))
        return {role: Person(**told[role]) for role in NAMES}
    except (OSError, ValueError, LookupError, TypeError):
        return {}


async def _exist(outside: Outside, people: dict[str, Person]) -> bool:
    """Whether the sandbox has not begun anew since."""
    try:
        for person in people.values():
            await outside.get(f"/discord/users/{person.discord_id}")
    except OutsideRefused:
        return False
    return True
