"""Routes whose handler is called with what it asks for, and little between.

FastAPI collects what a handler asks for by walking a tree of dependencies at each request, and
finds the route by walking a tree of routers twice: two fifths of a read. Here both trees are walked
once, when the service is made. A request that is right goes the short way; one that is not goes
FastAPI's own, which tells what is wrong with it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import Any, get_type_hints

from fastapi import APIRouter, FastAPI, Request, Response, params
from fastapi._body_limit import wrap_app_with_body_limit
from fastapi._compat import ModelField
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, request_response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.http import bodies
from chassis.http.bodies import BoundedRequest
from chassis.http.documented import documented

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Unfit(Exception):
    """The request is not one that the short way takes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a handler asks for, each by the name of its parameter."""

    call: Callable[..., Coroutine[Any, Any, Response]]
    request: str | None
    path: Sequence[ModelField]
    headers: Sequence[ModelField]
    body: ModelField | None
    dependencies: Mapping[str, Callable[[Request], Coroutine[Any, Any, Any]]]

    async def asked(self, request: Request) -> dict[str, Any]:
        """All but the dependencies; raises Unfit where anything is missing or wrong."""
        found: dict[str, Any] = {} if self.request is None else {self.request: request}
        for field in self.path:
            found[field.name] = _valid(field, request.path_params.get(field.alias))
        for field in self.headers:
            given = request.headers.get(field.alias)
            found[field.name] = _default(field) if given is None else _valid(field, given)
        if self.body is not None:
            found[self.body.name] = _valid(self.body, await _json(request))
        return found


class DirectRoute(APIRoute):
    """A route that goes the short way where its handler answers with a Response."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Take FastAPI's arguments."""
        super().__init__(*arguments, **options)
        self._shorten()

    def mounted_in(self, app: FastAPI) -> DirectRoute:
        """The same route as the app's own; what the app overrides counts in it."""
        mounted = copy(self)
        mounted.dependency_overrides_provider = app
        mounted._shorten()
        return mounted

    def get_route_handler(self) -> Handler:
        """FastAPI's own way, once the body was looked at: it would make a 400 of that."""
        handle, most = super().get_route_handler(), bodies.limit_of(self.endpoint)

        async def bounded(request: Request) -> Response:
            request = BoundedRequest(request.scope, request.receive, most)
            if self.body_field is not None:
                body = await request.body()
                with suppress(ValueError):  # which FastAPI tells of
                    bodies.simple_json(body)
            return await handle(request)

        return bounded

    def _shorten(self) -> None:
        """Go the short way; all of FastAPI's own where no plan can hold what is asked for."""
        way, plan = request_response(self.get_route_handler()), plan_of(self)
        if plan is not None:
            way = partial(_direct, plan, bodies.limit_of(self.endpoint), way)
        self.app = wrap_app_with_body_limit(way, self.max_body_size)


async def _direct(  # noqa: PLR0913, PLR0917 the last three are ASGI's
    plan: Plan, most: int, thorough: ASGIApp, scope: Scope, receive: Receive, send: Send
) -> None:
    request = BoundedRequest(scope, receive, most)
    try:
        if request.app.dependency_overrides:
            raise Unfit
        asked = await plan.asked(request)
    except Unfit:
        await thorough(scope, _again(request), send)
        return
    for name, dependency in plan.dependencies.items():
        asked[name] = await dependency(request)
    response = await plan.call(**asked)
    await response(scope, receive, send)


def _again(request: Request) -> Receive:
    """What the request receives, from its beginning."""
    whole = [] if (body := getattr(request, "_body", None)) is None else [body]

    async def receive() -> Message:
        if whole:
            return {"type": "http.request", "body": whole.pop(), "more_body": False}
        return await request.receive()

    return receive


class Router(APIRouter):
    """FastAPI's router, of direct routes."""

    def __init__(self, **options: Any) -> None:
        """Take FastAPI's options; each route may refuse who asks too often."""
        super().__init__(route_class=DirectRoute, responses=documented(429), **options)


def mount(app: FastAPI, routers: Iterable[APIRouter]) -> None:
    """Make the routes of these routers the app's own, which are looked through once a request.

    ``include_router`` keeps each router, and looks for a route in it twice.
    """
    for router in routers:
        for route in router.routes:
            own = route.mounted_in(app) if isinstance(route, DirectRoute) else route
            app.router.routes.append(own)


def plan_of(route: APIRoute) -> Plan | None:
    """What the route's handler asks for; None where that is more than a plan can hold."""
    asked, call = route.dependant, route.endpoint
    bodies = asked.body_params
    fits = (
        inspect.iscoroutinefunction(call)
        and _is_answer(get_type_hints(call).get("return"))
        and not _asks_for_more(asked)
        and all(each.field_info.alias for each in asked.header_params)
        and not (route._embed_body_fields or len(bodies) > 1)
        and not any(isinstance(each.field_info, params.Form) for each in bodies)
        and all(map(_asks_for_the_request_alone, asked.dependencies))
    )
    if not fits:
        return None
    return Plan(
        call,
        asked.request_param_name,
        asked.path_params,
        asked.header_params,
        bodies[0] if bodies else None,
        {str(each.name): each.call for each in asked.dependencies if each.call is not None},
    )


def _is_answer(returned: Any) -> bool:
    return inspect.isclass(returned) and issubclass(returned, Response)


def _asks_for_more(asked: Dependant) -> bool:
    special = (asked.response_param_name, asked.background_tasks_param_name)
    more = (asked.security_scopes_param_name, asked.http_connection_param_name)
    return bool(asked.query_params or asked.cookie_params or any(special) or any(more))


def _asks_for_the_request_alone(asked: Dependant) -> bool:
    others = (asked.path_params, asked.header_params, asked.body_params, asked.dependencies)
    return (
        asked.name is not None
        and asked.request_param_name == "request"
        and inspect.iscoroutinefunction(asked.call)
        and not any(others)
        and not _asks_for_more(asked)
    )


def _valid(field: ModelField, given: Any) -> Any:
    value, errors = field.validate(given, {}, loc=())
    if errors:
        raise Unfit
    return value


def _default(field: ModelField) -> Any:
    if field.field_info.is_required():
        raise Unfit
    return field.get_default()


async def _json(request: Request) -> Any:
    if request.headers.get("content-type") != "application/json":
        raise Unfit
    body = await request.body()
    try:
        return bodies.simple_json(body)
    except ValueError:
        raise Unfit from None
