"""Who is in a guild, as a bot that may know asks for it: by the gateway or over REST."""

from sandbox.discord import payloads
from sandbox.discord.entities import Guild, Member
from sandbox.discord.errors import Form, Json, missing_access
from sandbox.discord.rest import Call, Reply, Route
from sandbox.discord.sessions import Intent
from sandbox.discord.state import World

MEMBERS = "/guilds/{guild_id}/members"
MOST_IN_CHUNK, MOST_ASKED, MOST_LISTED = 1_000, 100, 1_000


def chunks(world: World, asked: Json) -> list[Json]:
    """What answers REQUEST_GUILD_MEMBERS; nothing where the bot is not in the guild."""
    guild = world.guilds.get(str(asked.get("guild_id")))
    if guild is None or world.bot.id not in guild.members:
        return []
    found, not_found = _asked_for(world, guild, asked)
    parts = [found[at : at + MOST_IN_CHUNK] for at in range(0, len(found), MOST_IN_CHUNK)] or [[]]
    answer: Json = {"guild_id": guild.id, "chunk_count": len(parts)}
    if asked.get("nonce") is not None:
        answer["nonce"] = asked["nonce"]
    told = [
        {**answer, "chunk_index": number, "members": [_shown(world, one) for one in part]}
        for number, part in enumerate(parts)
    ]
    if "user_ids" in asked:
        told[-1]["not_found"] = not_found
    return told


def asks_for_all(asked: Json) -> bool:
    """Whether it takes the members intent to ask so."""
    return "user_ids" not in asked and not (asked.get("query") and _most(asked))


def _most(asked: Json) -> int:
    limit = asked.get("limit")
    return min(limit, MOST_ASKED) if type(limit) is int and limit > 0 else 0


def _asked_for(world: World, guild: Guild, asked: Json) -> tuple[list[Member], list[str]]:
    ids = asked.get("user_ids")
    if ids is None:
        found = _named(world, guild, str(asked.get("query") or ""))
        return found[: _most(asked) or None], []
    wanted = [str(one) for one in (ids if isinstance(ids, list) else [ids])][:MOST_ASKED]
    found = [guild.members[one] for one in wanted if one in guild.members]
    return found, [one for one in wanted if one not in guild.members]


def _named(world: World, guild: Guild, start: str) -> list[Member]:
    return [
        guild.members[id]
        for id in sorted(guild.members, key=int)
        if any(
            name.lower().startswith(start.lower())
            for name in (world.users[id].username, world.users[id].display)
        )
    ]


def _shown(world: World, of: Member) -> Json:
    return payloads.member(of, world.users[of.user_id])


class MembersRest:
    """Lists of members, for an application that has the privilege."""

    def __init__(self, world: World, privileged_intents: int) -> None:
        self._world = world
        self._may_list = bool(privileged_intents & Intent.GUILD_MEMBERS)

    def routes(self) -> list[Route]:
        """Before the route of one member, whose id `search` is not."""
        return [Route("GET", MEMBERS + "/search", self.search), Route("GET", MEMBERS, self.all)]

    async def all(self, call: Call) -> Reply:
        """Members by id, from after the one given."""
        if not self._may_list:
            raise missing_access()
        guild, limit = self._world.guild(call.part("guild_id")), _limit(call)
        after = call.query.get("after", "0")
        start = int(after) if after.isdigit() else 0
        found = [one for one in _named(self._world, guild, "") if int(one.user_id) > start]
        return 200, [_shown(self._world, one) for one in found[:limit]]

    async def search(self, call: Call) -> Reply:
        """Members whose name begins so."""
        guild, limit = self._world.guild(call.part("guild_id")), _limit(call)
        form = Form()
        form.text("query", call.query.get("query"), 1, 100)
        form.raise_if_refused()
        found = _named(self._world, guild, call.query["query"])
        return 200, [_shown(self._world, one) for one in found[:limit]]


def _limit(call: Call) -> int:
    given, form = call.query.get("limit", "1"), Form()
    limit = int(given) if given.isdigit() else -1
    form.whole("limit", limit, 1, MOST_LISTED)
    form.raise_if_refused()
    return limit
