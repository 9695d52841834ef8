"""users.roblox.com and groups.roblox.com: accounts, groups and roles."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from sandbox.roblox.replies import ID, ApiError, Outage, answering, data, stamp
from sandbox.roblox.world import Group, Member, User, World


class People:
    """Read access to accounts and groups, as anyone without a login has it."""

    def __init__(self, world: World, outage: Outage) -> None:
        self._world = world
        self._outage = outage

    def routes(self) -> list[web.RouteDef]:
        """The routes of the hosts `users` and `groups`."""
        users, groups = "/roblox/users/v1", "/roblox/groups/v1"
        return [
            self._get("users", users + f"/users/{ID}", self.user),
            self._get("groups", groups + f"/users/{ID}/groups/roles", self.roles_of_user),
            self._get("groups", groups + f"/groups/{ID}", self.group),
            self._get("groups", groups + f"/groups/{ID}/roles", self.roles_of_group),
        ]

    def _get(self, host: str, path: str, handler: Any) -> web.RouteDef:
        return web.get(path, answering(self._outage, host, handler))

    def user(self, request: web.Request) -> web.Response:
        """The public profile of an account."""
        user = self._world.users.get(int(request.match_info["id"]))
        if user is None:
            raise ApiError(404, 3, "The user id is invalid.")
        body = {
            "description": user.description,
            "created": stamp(user.created),
            "isBanned": False,
            "externalAppDisplayName": None,
            "hasVerifiedBadge": False,
            "id": user.id,
            "name": user.name,
            "displayName": user.display_name,
        }
        return web.json_response(body)

    def roles_of_user(self, request: web.Request) -> web.Response:
        """Every group the person is in, each with the person's role."""
        user_id = int(request.match_info["id"])
        if user_id not in self._world.users:
            raise ApiError(400, 3, "The user is invalid or does not exist.")
        return data(
            {"group": self._group(group), "role": _role(group, member)}
            for group in self._world.groups.values()
            for member in group.members
            if member.user_id == user_id
        )

    def group(self, request: web.Request) -> web.Response:
        """One group and its owner."""
        return web.json_response(self._group(self._asked(request)))

    def roles_of_group(self, request: web.Request) -> web.Response:
        """The roles of a group by rising rank, with the number of members of each."""
        group = self._asked(request)
        roles: dict[int, dict[str, Any]] = {}
        for member in sorted(group.members, key=lambda member: member.rank):
            role = roles.setdefault(member.rank, {**_role(group, member), "memberCount": 0})
            role["memberCount"] += 1
        return web.json_response({"groupId": group.id, "roles": list(roles.values())})

    def _asked(self, request: web.Request) -> Group:
        group = self._world.groups.get(int(request.match_info["id"]))
        if group is None:
            raise ApiError(400, 1, "Group is invalid or does not exist.")
        return group

    def _group(self, group: Group) -> dict[str, Any]:
        return {
            "id": group.id,
            "name": group.name,
            "description": group.description,
            "owner": _owner(self._world.users[group.owner_id]),
            "shout": None,
            "memberCount": len(group.members),
            "isBuildersClubOnly": False,
            "publicEntryAllowed": False,
            "hasVerifiedBadge": False,
        }


def _owner(user: User) -> dict[str, Any]:
    return {
        "hasVerifiedBadge": False,
        "userId": user.id,
        "username": user.name,
        "displayName": user.display_name,
    }


def _role(group: Group, member: Member) -> dict[str, Any]:
    return {
        "id": group.id * 1000 + member.rank,
        "name": member.role,
        "rank": member.rank,
    }
