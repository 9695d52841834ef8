"""Who exists in the played Roblox: people, groups, games, and who owns what."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from sandbox.keeping import Keeper, Table

OWNER_RANK = 255
Found = TypeVar("Found")


class Refused(ValueError):
    """A change the world does not allow; the text names the cause and the next step."""


class OwnerType(StrEnum):
    """What can own a game, spelled as Roblox spells it."""

    USER = "User"
    GROUP = "Group"


@dataclass(frozen=True, slots=True)
class Owner:
    """The owner of a game: one person or one group."""

    type: OwnerType
    id: int


@dataclass(frozen=True, slots=True)
class User:
    """One Roblox account."""

    id: int
    name: str
    display_name: str
    description: str
    created: datetime


@dataclass(frozen=True, slots=True)
class Member:
    """One person's place in a group; 255 is the owner's rank and nobody else's."""

    user_id: int
    role: str
    rank: int


@dataclass(frozen=True, slots=True)
class Group:
    """A group and its members, the owner included."""

    id: int
    name: str
    description: str
    owner_id: int
    members: tuple[Member, ...]
    created: datetime


@dataclass(frozen=True, slots=True)
class GameDraft:
    """What is told about a game when it is made; an id of None asks for a new one."""

    name: str
    owner: Owner
    description: str = ""
    public: bool = True
    visits: int = 0
    playing: int = 0
    universe_id: int | None = None
    place_id: int | None = None


@dataclass(frozen=True, slots=True)
class Game:
    """An experience (universe) with its root place and its present owner."""

    universe_id: int
    place_id: int
    about: GameDraft
    owner: Owner
    created: datetime
    updated: datetime


@dataclass(frozen=True, slots=True)
class Transfer:
    """One change of a game's owner, as it happened."""

    universe_id: int
    before: Owner
    after: Owner
    at: datetime


class World:
    """All people, groups and games; every change is checked whole before it is made."""

    def __init__(self, now: Callable[[], datetime], keeper: Keeper) -> None:
        self._now = now
        # Without a folder a sandbox forgets, but those who talked to it do not: after a restart
        # nobody may get a number that an earlier account had.
        self._first = int(now().timestamp()) * 1000
        self.users: Table[int, User] = keeper.table("roblox users")
        self.groups: Table[int, Group] = keeper.table("roblox groups")
        self.games: Table[int, Game] = keeper.table("roblox games")
        self._handed: Table[int, Transfer] = keeper.table("roblox transfers")

    def add_user(
        self,
        name: str,
        display_name: str | None,
        description: str,
        wanted_id: int | None,
    ) -> User:
        """Create an account; a name is unique whatever its case."""
        if any(user.name.lower() == name.lower() for user in self.users.values()):
            raise Refused(f"the user name {name!r} is taken; choose another name")
        number = self._number(wanted_id, self.users, "user")
        user = User(number, name, display_name or name, description, self._now())
        self.users[number] = user
        return user

    def add_group(
        self, name: str, owner_id: int, members: Iterable[Member], wanted_id: int | None
    ) -> Group:
        """Create a group whose owner is its first member."""
        self.user(owner_id)
        everyone = (Member(owner_id, "Owner", OWNER_RANK), *members)
        for member in everyone[1:]:
            self._check_member(member, everyone)
        if len({member.user_id for member in everyone}) != len(everyone):
            raise Refused("a person is in the group twice; name each member once, not the owner")
        number = self._number(wanted_id, self.groups, "group")
        group = Group(number, name, "", owner_id, everyone, self._now())
        self.groups[number] = group
        return group

    def set_member(self, group_id: int, member: Member) -> Group:
        """Let a person join a group, or change the role of one who is in it."""
        group = self.group(group_id)
        others = self._members_without(group, member.user_id)
        self._check_member(member, others)
        self.groups[group_id] = replace(group, members=(*others, member))
        return self.groups[group_id]

    def remove_member(self, group_id: int, user_id: int) -> Group:
        """Take a person out of a group."""
        group = self.group(group_id)
        others = self._members_without(group, user_id)
        if len(others) == len(group.members):
            raise Refused(f"user {user_id} is not in group {group_id}; nothing to remove")
        self.groups[group_id] = replace(group, members=others)
        return self.groups[group_id]

    def add_game(self, draft: GameDraft) -> Game:
        """Create a game for an owner who exists."""
        self.owner_name(draft.owner)
        places = {game.place_id for game in self.games.values()}
        universe_id = self._number(draft.universe_id, self.games, "universe")
        place_id = self._number(draft.place_id, places, "place")
        now = self._now()
        self.games[universe_id] = Game(universe_id, place_id, draft, draft.owner, now, now)
        return self.games[universe_id]

    def remove_game(self, universe_id: int) -> Game:
        """Take a game away: from now on nobody is shown anything of it."""
        game = self.game(universe_id)
        del self.games[universe_id]
        return game

    @property
    def transfers(self) -> list[Transfer]:
        """Every handover so far, the first one first."""
        return list(self._handed.values())

    def transfer(self, universe_id: int, to: Owner) -> Game:
        """Hand a game over to another owner and remember that it happened."""
        game = self.game(universe_id)
        self.owner_name(to)
        now = self._now()
        self._handed[len(self._handed)] = Transfer(universe_id, game.owner, to, now)
        self.games[universe_id] = replace(game, owner=to, updated=now)
        return self.games[universe_id]

    def user(self, user_id: int) -> User:
        """The account of this number, or Refused."""
        return _found(self.users, user_id, "user")

    def group(self, group_id: int) -> Group:
        """The group of this number, or Refused."""
        return _found(self.groups, group_id, "group")

    def game(self, universe_id: int) -> Game:
        """The game of this universe number, or Refused."""
        return _found(self.games, universe_id, "game")

    def owner_name(self, owner: Owner) -> str:
        """The name of the person or group that owns something."""
        if owner.type is OwnerType.USER:
            return self.user(owner.id).name
        return self.group(owner.id).name

    def _check_member(self, member: Member, peers: Iterable[Member]) -> None:
        self.user(member.user_id)
        if not 1 <= member.rank < OWNER_RANK:
            raise Refused(f"rank {member.rank} is not between 1 and 254; the owner alone has 255")
        if any(peer.rank == member.rank and peer.role != member.role for peer in peers):
            raise Refused(
                f"rank {member.rank} already has another role; use its name or a new rank"
            )

    @staticmethod
    def _members_without(group: Group, user_id: int) -> tuple[Member, ...]:
        if user_id == group.owner_id:
            raise Refused(f"user {user_id} owns group {group.id}; the owner's role is fixed")
        return tuple(member for member in group.members if member.user_id != user_id)

    def _number(self, wanted: int | None, taken: Container[int], noun: str) -> int:
        if wanted is None:
            numbers = itertools.count(self._first)
            return next(number for number in numbers if number not in taken)
        if wanted <= 0 or wanted in taken:
            raise Refused(f"{noun} id {wanted} is taken or not positive; leave it out or change it")
        return wanted


def _found(known: dict[int, Found], number: int, noun: str) -> Found:
    try:
        return known[number]
    except KeyError:
        raise Refused(f"there is no {noun} {number}; create it first") from None
