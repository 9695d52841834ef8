"""Routes whose handler is called with what it asks for, and little between.

FastAPI collects what a handler asks for by walking a tree of dependencies at each request: a fifth
of a read. Here the tree is walked once, when the route is made. A request that is right goes the
short way; one that is not goes FastAPI's own, which tells what is wrong with it.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_type_hints

from fastapi import APIRouter, Request, Response, params
from fastapi._compat import ModelField
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

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

    def get_route_handler(self) -> Handler:
        """The handler of a request; FastAPI's own where what is asked for has no short way."""
        thorough, plan = super().get_route_handler(), plan_of(self)
        if plan is None:
            return thorough

        async def handle(request: Request) -> Response:
            if request.app.dependency_overrides:
                return await thorough(request)
            try:
                asked = await plan.asked(request)
            except Unfit:
                return await thorough(request)
            for name, dependency in plan.dependencies.items():
                asked[name] = await dependency(request)
            return await plan.call(**asked)

        return handle


class Router(APIRouter):
    """FastAPI's router, of direct routes."""

    def __init__(self, **options: Any) -> None:
        """Take FastAPI's options."""
        super().__init__(route_class=DirectRoute, **options)


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
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError):
        raise Unfit from None
