"""Every REST answer held against Discord's own OpenAPI description, where it is at hand."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

PREFIX = "/discord/api/v10"
SHARED = Path(__file__).resolve().parents[4] / "shared/data/discord/openapi.json"
DESCRIPTION = Path(os.environ.get("DISCORD_OPENAPI", SHARED))
_loaded: dict[Path, dict[str, Any]] = {}


@dataclass
class Contract:
    """Validates answers as they leave the sandbox, and remembers what was wrong."""

    document: dict[str, Any] | None
    violations: list[str] = field(default_factory=list)
    checked: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        paths = (self.document or {}).get("paths", {})
        # Fixed words before parameters: /users/@me must not be read as /users/{user_id}.
        ordered = sorted(paths, key=lambda path: (path.count("{"), path))
        self._paths = [(re.compile(re.sub(r"\\?{[^}]+}", "[^/]+", path)), path) for path in ordered]
        self._validators: dict[str, Draft202012Validator | None] = {}
        resource = DRAFT202012.create_resource(self.document or {})
        self._registry: Registry[Any] = Registry().with_resource("urn:discord", resource)

    @classmethod
    def load(cls) -> Contract:
        """The description from the shared data folder; none where that is absent."""
        if not DESCRIPTION.exists():
            return cls(None)
        if DESCRIPTION not in _loaded:
            _loaded[DESCRIPTION] = json.loads(DESCRIPTION.read_text(encoding="utf-8"))
        return cls(_loaded[DESCRIPTION])

    @web.middleware
    async def middleware(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Check every answer of the REST API."""
        response: web.StreamResponse = await handler(request)
        if self.document and request.path.startswith(PREFIX) and isinstance(response, web.Response):
            self.check(request.method, request.path.removeprefix(PREFIX), response)
        return response

    def check(self, method: str, path: str, response: web.Response) -> None:
        """Hold one answer against the schema of its operation and status."""
        operation = self._operation(method, path)
        if operation is None:
            return
        template = f"{method} {operation}"
        validator = self._validator(method.lower(), operation, str(response.status))
        if validator is None:
            if response.status < 400:
                self.violations.append(f"{template}: status {response.status} is not described")
            return
        self.checked[f"{template} {response.status}"] += 1
        if response.status == 204:
            return
        body = json.loads(response.text or "null")
        if response.status == 400:
            # The description calls a field error's code an integer; Discord's documentation and
            # its real answers name it in words, such as BASE_TYPE_MAX_LENGTH.
            body.pop("errors", None)
        if response.headers["Content-Type"] != "application/json":
            self.violations.append(f"{template}: wrong content type")
        for error in validator.iter_errors(body):
            where = "/".join(str(part) for part in error.absolute_path)
            self.violations.append(f"{template} {response.status} at {where}: {deepest(error)}")

    def _operation(self, method: str, path: str) -> str | None:
        known = (self.document or {"paths": {}})["paths"]
        fitting = (template for pattern, template in self._paths if pattern.fullmatch(path))
        return next((t for t in fitting if method.lower() in known[t]), None)

    def _validator(self, method: str, template: str, status: str) -> Draft202012Validator | None:
        key = f"{method} {template} {status}"
        if key not in self._validators:
            self._validators[key] = self._make(method, template, status)
        return self._validators[key]

    def _make(self, method: str, template: str, status: str) -> Draft202012Validator | None:
        document = self.document or {}
        responses = document["paths"][template][method]["responses"]
        pointer = f"/paths/{escaped(template)}/{method}/responses"
        name = next((n for n in (status, f"{status[0]}XX") if n in responses), None)
        if name is None:
            return None
        answer, where = responses[name], f"{pointer}/{name}"
        if "$ref" in answer:
            where = answer["$ref"].removeprefix("#")
            answer = document["components"]["responses"][where.rpartition("/")[2]]
        if "content" not in answer:
            return Draft202012Validator({})
        reference = f"urn:discord#{where}/content/application~1json/schema"
        return Draft202012Validator({"$ref": reference}, registry=self._registry)


def escaped(part: str) -> str:
    """A path as part of a JSON pointer inside a URI."""
    pointer = part.replace("~", "~0").replace("/", "~1")
    return pointer.replace("{", "%7B").replace("}", "%7D").replace("@", "%40")


def deepest(error: Any) -> str:
    """The most telling message of an error in nested alternatives."""
    while error.context:
        error = min(error.context, key=lambda e: (-len(e.absolute_path), len(e.message)))
    return f"{error.message[:200]} ({'/'.join(map(str, error.absolute_path))})"
