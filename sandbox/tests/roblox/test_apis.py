"""The web APIs: who exists, who owns which game, and what a broken Roblox answers."""

from __future__ import annotations

import struct
import zlib

import httpx
import pytest
from roblox_world import BUYER, GAME, PLACE, SELLER, STUDIO, Sandbox, a_config
from sandbox.app import build_app
from sandbox.clock import Clock
from sandbox.config import BadConfig, parse

pytestmark = pytest.mark.asyncio

OWNED = f"/roblox/games/v2/users/{SELLER}/games?accessFilter=2&limit=50"


async def names(sandbox: Sandbox, path: str) -> list[str]:
    """The names a listing shows."""
    response = await sandbox.http.get(path)
    assert response.status_code == 200, response.text
    return [row["name"] for row in response.json()["data"]]


def problem(response: httpx.Response) -> tuple[int, int, str]:
    """Status, code and message of a Roblox error."""
    (error,) = response.json()["errors"]
    return response.status_code, error["code"], error["message"]


async def add(sandbox: Sandbox, kind: str, **body: object) -> dict[str, int]:
    """Create something by a control route."""
    response = await sandbox.http.post(f"/control/roblox/{kind}", json=body)
    assert response.status_code == 201, response.text
    made: dict[str, int] = response.json()
    return made


async def test_a_persons_games_name_owner_and_root_place(sandbox: Sandbox):
    body = (await sandbox.http.get(OWNED)).json()
    (game,) = body["data"]
    assert game["id"] == GAME
    assert game["creator"] == {"id": SELLER, "type": "User"}
    assert game["rootPlace"] == {"id": PLACE, "type": "Place"}
    assert game["placeVisits"] == 12
    assert game["created"].endswith("Z")
    assert (body["previousPageCursor"], body["nextPageCursor"]) == (None, None)


async def test_game_details_name_the_creator_and_leave_unknown_universes_out(sandbox: Sandbox):
    response = await sandbox.http.get(f"/roblox/games/v1/games?universeIds={GAME},999")
    (game,) = response.json()["data"]
    assert game["rootPlaceId"] == PLACE
    creator = game["creator"]
    assert (creator["id"], creator["type"], creator["name"]) == (SELLER, "User", "seller")


async def test_a_handover_moves_the_game_from_the_seller_to_the_buyer(sandbox: Sandbox):
    to = {"type": "User", "id": BUYER}
    moved = await sandbox.http.post(f"/control/roblox/games/{GAME}/transfer", json={"to": to})
    assert moved.json()["owner"] == to
    assert await names(sandbox, OWNED) == []
    assert await names(sandbox, f"/roblox/games/v2/users/{BUYER}/games") == ["Obby"]
    details = (await sandbox.http.get(f"/roblox/games/v1/games?universeIds={GAME}")).json()
    assert details["data"][0]["creator"]["name"] == "buyer"
    (transfer,) = (await sandbox.http.get("/control/roblox/state")).json()["transfers"]
    assert (transfer["before"]["id"], transfer["after"]["id"]) == (SELLER, BUYER)


async def test_a_game_that_was_taken_away_is_shown_to_nobody_and_may_come_back(sandbox: Sandbox):
    path = f"/control/roblox/games/{GAME}"
    assert (await sandbox.http.delete(path)).json()["universe_id"] == GAME
    assert await names(sandbox, f"/roblox/games/v1/games?universeIds={GAME}") == []
    assert await names(sandbox, OWNED) == []
    assert (await sandbox.http.delete(path)).status_code == 409

    await add(sandbox, "games", name="Again", owner={"type": "User", "id": BUYER}, universe_id=GAME)
    assert await names(sandbox, f"/roblox/games/v1/games?universeIds={GAME}") == ["Again"]


async def test_a_game_handed_to_a_group_is_listed_with_the_group(sandbox: Sandbox):
    to = {"type": "Group", "id": STUDIO}
    await sandbox.http.post(f"/control/roblox/games/{GAME}/transfer", json={"to": to})
    assert await names(sandbox, OWNED) == []
    assert await names(sandbox, f"/roblox/games/v2/groups/{STUDIO}/games") == ["Obby"]


async def test_pages_follow_the_cursor_and_lose_nothing(sandbox: Sandbox):
    owner = {"type": "User", "id": SELLER}
    for number in range(11):
        await add(sandbox, "games", name=f"g{number}", owner=owner)
    seen, cursor, path = [], "", f"/roblox/games/v2/users/{SELLER}/games"
    while cursor is not None:
        params = {"limit": "10", "cursor": cursor}
        body = (await sandbox.http.get(path, params=params)).json()
        seen += [row["id"] for row in body["data"]]
        cursor = body["nextPageCursor"]
    assert len(seen) == len(set(seen)) == 12
    params = {"limit": "50", "sortOrder": "Desc"}
    backwards = (await sandbox.http.get(path, params=params)).json()["data"]
    assert [row["id"] for row in backwards] == seen[::-1]


@pytest.mark.parametrize("query", ["limit=7", "limit=x", "cursor=zzz", "accessFilter=9"])
async def test_a_bad_listing_query_is_refused(sandbox: Sandbox, query: str):
    response = await sandbox.http.get(f"/roblox/games/v2/users/{SELLER}/games?{query}")
    assert problem(response)[0] == 400


async def test_a_private_game_is_not_seen_in_a_listing(sandbox: Sandbox):
    await add(sandbox, "games", name="secret", owner={"type": "User", "id": SELLER}, public=False)
    assert await names(sandbox, OWNED) == ["Obby"]
    assert await names(sandbox, OWNED.replace("accessFilter=2", "accessFilter=4")) == []


async def test_a_place_leads_to_its_universe_and_an_unknown_place_to_none(sandbox: Sandbox):
    path = "/roblox/apis/universes/v1/places/{}/universe"
    assert (await sandbox.http.get(path.format(PLACE))).json() == {"universeId": GAME}
    assert (await sandbox.http.get(path.format(9))).json() == {"universeId": None}


async def test_the_groups_of_a_person_come_with_the_role_in_each(sandbox: Sandbox):
    path = f"/roblox/groups/v1/users/{SELLER}/groups/roles"
    (row,) = (await sandbox.http.get(path)).json()["data"]
    assert (row["group"]["id"], row["group"]["memberCount"]) == (STUDIO, 2)
    assert (row["role"]["name"], row["role"]["rank"]) == ("Admin", 254)
    group = (await sandbox.http.get(f"/roblox/groups/v1/groups/{STUDIO}")).json()
    assert (group["name"], group["owner"]["userId"]) == ("Studio", BUYER)
    roles = (await sandbox.http.get(f"/roblox/groups/v1/groups/{STUDIO}/roles")).json()["roles"]
    assert [(role["rank"], role["memberCount"]) for role in roles] == [(254, 1), (255, 1)]


async def test_a_role_can_change_and_end(sandbox: Sandbox):
    members = f"/control/roblox/groups/{STUDIO}/members"
    path = f"/roblox/groups/v1/users/{SELLER}/groups/roles"
    await sandbox.http.post(members, json={"user": SELLER, "role": "Guest", "rank": 1})
    assert (await sandbox.http.get(path)).json()["data"][0]["role"]["rank"] == 1
    assert (await sandbox.http.delete(f"{members}/{SELLER}")).status_code == 200
    assert (await sandbox.http.get(path)).json()["data"] == []
    assert (await sandbox.http.delete(f"{members}/{BUYER}")).status_code == 409


async def test_an_account_is_told_and_an_unknown_one_is_404(sandbox: Sandbox):
    user = (await sandbox.http.get(f"/roblox/users/v1/users/{SELLER}")).json()
    assert (user["id"], user["name"], user["displayName"]) == (SELLER, "seller", "seller")
    unknown = await sandbox.http.get("/roblox/users/v1/users/9")
    assert problem(unknown) == (404, 3, "The user id is invalid.")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("games/v2/users/9/games", (400, 1)),
        ("games/v2/groups/9/games", (400, 1)),
        ("games/v1/games", (400, 8)),
        ("games/v1/games?universeIds=1,x", (400, 8)),
        ("games/v1/games?universeIds=" + ",".join("1" * 51), (400, 9)),
        ("groups/v1/groups/9", (400, 1)),
        ("groups/v1/users/9/groups/roles", (400, 3)),
        ("games/v1/games?universeIds=" + "9" * 5000, (400, 8)),
        ("games/v2/users/" + "9" * 5000 + "/games", (404, 0)),
        ("games/v9/nothing", (404, 0)),
        ("games/v2/users/abc/games", (404, 0)),
    ],
)
async def test_what_does_not_exist_is_refused_in_robloxs_words(
    sandbox: Sandbox, path: str, expected: tuple[int, int]
):
    assert problem(await sandbox.http.get(f"/roblox/{path}"))[:2] == expected


async def test_an_icon_is_a_real_png_at_a_local_address(sandbox: Sandbox):
    query = f"universeIds={GAME},999&size=512x512&format=Png"
    body = (await sandbox.http.get(f"/roblox/thumbnails/v1/games/icons?{query}")).json()
    (icon,) = body["data"]
    assert (icon["targetId"], icon["state"]) == (GAME, "Completed")
    assert icon["imageUrl"].startswith(sandbox.base_url)
    image = await sandbox.http.get(icon["imageUrl"])
    assert image.headers["Content-Type"] == "image/png"
    assert image.content[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", image.content[16:24])
    length = struct.unpack(">I", image.content[33:37])[0]
    pixels = zlib.decompress(image.content[41 : 41 + length])
    assert len(pixels) == height * (1 + 3 * width)


async def test_an_outage_takes_every_host_down_until_it_ends(sandbox: Sandbox):
    await sandbox.http.post("/control/roblox/outage", json={"on": True, "status": 503})
    assert (await sandbox.http.get(OWNED)).status_code == 503
    assert (await sandbox.authorize()).status_code == 503
    assert (await sandbox.token(code="x")).status_code == 503
    await sandbox.http.post("/control/roblox/outage", json={"on": False})
    assert (await sandbox.http.get(OWNED)).status_code == 200


async def test_an_outage_of_one_host_leaves_the_others_up(sandbox: Sandbox):
    order = {"on": True, "status": 500, "hosts": ["groups"]}
    await sandbox.http.post("/control/roblox/outage", json=order)
    assert (await sandbox.http.get(f"/roblox/groups/v1/groups/{STUDIO}")).status_code == 500
    assert (await sandbox.http.get(OWNED)).status_code == 200


async def test_a_misspelt_host_in_an_outage_is_refused(sandbox: Sandbox):
    order = {"on": True, "hosts": ["game"]}
    assert (await sandbox.http.post("/control/roblox/outage", json=order)).status_code == 400
    assert (await sandbox.http.get(OWNED)).status_code == 200


async def test_a_rate_limit_comes_with_the_headers_of_roblox(sandbox: Sandbox):
    await sandbox.http.post("/control/roblox/outage", json={"on": True, "status": 429})
    response = await sandbox.http.get(OWNED)
    assert problem(response) == (429, 0, "Too many requests")
    assert response.headers["x-ratelimit-remaining"] == "0"
    assert int(response.headers["retry-after"]) == int(response.headers["x-ratelimit-reset"]) > 0


async def test_an_ordered_fault_strikes_once_in_robloxs_words(sandbox: Sandbox):
    fault = {"party": "roblox", "match": "GET /games/*", "kind": "status", "status": 429}
    assert (await sandbox.http.post("/control/faults", json=fault)).status_code == 201
    struck = await sandbox.http.get(OWNED)
    assert problem(struck) == (429, 0, "Too many requests")
    assert "retry-after" in struck.headers
    assert (await sandbox.http.get(OWNED)).status_code == 200


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("users", {"name": "SELLER"}, 409),
        ("users", {"name": ""}, 400),
        ("users", {"name": "x", "nmae": "y"}, 400),
        ("users", {"name": "x", "id": SELLER}, 409),
        ("groups", {"name": "g", "owner": 9}, 409),
        ("groups", {"name": "g", "owner": SELLER, "members": [{"user": SELLER}]}, 409),
        ("groups", {"name": "g", "owner": SELLER, "members": [{"user": BUYER, "rank": 255}]}, 409),
        ("games", {"name": "g", "owner": {"type": "User", "id": 9}}, 409),
        ("games", {"name": "g", "owner": {"type": "Bot", "id": SELLER}}, 400),
        ("games", {"name": "g", "owner": {"type": "User", "id": SELLER}, "place_id": PLACE}, 409),
        (f"games/{GAME}/transfer", {"to": {"type": "Group", "id": 9}}, 409),
        ("games/9/transfer", {"to": {"type": "User", "id": SELLER}}, 409),
        ("outage", {"on": True, "status": 200}, 400),
    ],
)
async def test_an_impossible_order_is_refused_and_changes_nothing(
    sandbox: Sandbox, kind: str, body: dict[str, object], status: int
):
    before = (await sandbox.http.get("/control/roblox/state")).json()
    response = await sandbox.http.post(f"/control/roblox/{kind}", json=body)
    assert response.status_code == status, response.text
    assert response.json()["error"]
    assert (await sandbox.http.get("/control/roblox/state")).json() == before


@pytest.mark.parametrize(
    "changes", [{"clints": []}, {"games": [{"name": "g", "owner": {"type": "User", "id": 9}}]}]
)
async def test_a_seed_that_cannot_be_is_a_clear_error_at_the_start(changes: dict[str, object]):
    with pytest.raises(BadConfig, match="roblox"):
        build_app(parse(a_config(**changes), "http://127.0.0.1:9"), Clock())
