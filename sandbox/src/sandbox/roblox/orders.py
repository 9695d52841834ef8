"""What may be ordered of the played Roblox: the bodies of its control routes and its seed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from sandbox.roblox.clients import Client
from sandbox.roblox.world import (
    Game,
    GameDraft,
    Group,
    Member,
    Owner,
    OwnerType,
    User,
    World,
)

Host = Literal["apis", "games", "groups", "users", "thumbnails", "rbxcdn", "oauth"]
Number = Annotated[int, Field(gt=0)]
Name = Annotated[str, Field(min_length=1, max_length=100)]


class Order(BaseModel):
    """One JSON body; a key that no one reads is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class OwnerRef(Order):
    """A person or a group as an owner."""

    type: OwnerType
    id: Number

    def owner(self) -> Owner:
        """The owner as the world knows it."""
        return Owner(self.type, self.id)


class NewUser(Order):
    """An account to create."""

    name: Name
    id: Number | None = None
    display_name: Name | None = None
    description: str = ""

    def apply(self, world: World) -> User:
        """Create the account."""
        return world.add_user(self.name, self.display_name, self.description, self.id)


class NewMember(Order):
    """A person's place in a group."""

    user: Number
    role: Name = "Member"
    rank: int = 1

    def member(self) -> Member:
        """The member as the world knows it."""
        return Member(self.user, self.role, self.rank)


class NewGroup(Order):
    """A group to create; the owner is a member without being named as one."""

    name: Name
    owner: Number
    id: Number | None = None
    members: tuple[NewMember, ...] = ()

    def apply(self, world: World) -> Group:
        """Create the group."""
        members = (new.member() for new in self.members)
        return world.add_group(self.name, self.owner, members, self.id)


class NewGame(Order):
    """A game to create."""

    name: Name
    owner: OwnerRef
    universe_id: Number | None = None
    place_id: Number | None = None
    description: str = ""
    public: bool = True
    visits: Annotated[int, Field(ge=0)] = 0
    playing: Annotated[int, Field(ge=0)] = 0

    def apply(self, world: World) -> Game:
        """Create the game."""
        told = self.model_dump(exclude={"owner"})
        return world.add_game(GameDraft(owner=self.owner.owner(), **told))


class Handover(Order):
    """The new owner of a game."""

    to: OwnerRef


class OutageOrder(Order):
    """An outage to begin or to end; no hosts named means all, `oauth` included."""

    on: bool
    status: Annotated[int, Field(ge=400, le=599)] = 503
    hosts: tuple[Host, ...] = ()


class Settings(Order):
    """The `roblox` section of the configuration."""

    clients: tuple[Client, ...] = ()
    users: tuple[NewUser, ...] = ()
    groups: tuple[NewGroup, ...] = ()
    games: tuple[NewGame, ...] = ()

    def seed(self, world: World) -> None:
        """Create what the configuration names, people first."""
        for user in self.users:
            user.apply(world)
        for group in self.groups:
            group.apply(world)
        for game in self.games:
            game.apply(world)
