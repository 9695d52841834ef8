"""How the two committed tables are made of Stripe's own description and example objects.

`python -m sandbox.stripe.describe FOLDER` reads `openapi.json` and `fixtures.json` there and
rewrites `parameters.json` and `skeletons.json` beside this file. A running sandbox needs neither.
"""

import json
import sys
from pathlib import Path
from typing import Any

from sandbox.stripe.endpoints import ENDPOINTS
from sandbox.stripe.store import PREFIXES

JsonObject = dict[str, Any]
HERE = Path(__file__).parent
SCALARS = {"integer": "i", "number": "n", "boolean": "b"}
FORM = "application/x-www-form-urlencoded"


def parameters(description: JsonObject) -> JsonObject:
    """Name, type and duty of every parameter of every endpoint that the sandbox plays."""
    table: JsonObject = {}
    for method, path in sorted(ENDPOINTS):
        operation = description["paths"][path][method.lower()]
        table[f"{method} {path}"] = _endpoint(operation)
    return table


def _endpoint(operation: JsonObject) -> JsonObject:
    form = operation.get("requestBody", {}).get("content", {}).get(FORM, {}).get("schema", {})
    if form.get("properties"):
        return _compact_object(form)
    query = [p for p in operation.get("parameters", []) if p["in"] == "query"]
    fields: JsonObject = {p["name"]: _compact(p["schema"]) for p in query}
    if required := sorted(p["name"] for p in query if p.get("required")):
        fields["!"] = required
    return fields


def _compact(schema: JsonObject) -> Any:
    if options := schema.get("anyOf"):
        return ["|", *(_compact(option) for option in options)]
    if schema.get("type") == "object":
        return _compact_object(schema)
    if schema.get("type") == "array":
        return ["[]", _compact(schema["items"])]
    if (kind := schema.get("type", "string")) in SCALARS:
        return SCALARS[kind]
    if "enum" in schema:
        return "=" + ",".join(schema["enum"])
    return f"s{schema['maxLength']}" if schema.get("maxLength", 5000) != 5000 else "s"


def _compact_object(schema: JsonObject) -> JsonObject:
    fields = {name: _compact(field) for name, field in schema.get("properties", {}).items()}
    if required := sorted(schema.get("required", [])):
        fields["!"] = required
    extra = schema.get("additionalProperties")
    if isinstance(extra, dict) and extra:
        fields["*"] = _compact(extra)
    return fields


def skeletons(description: JsonObject, fixtures: JsonObject) -> JsonObject:
    """An empty object of each resource: the official example with what is optional emptied."""
    schemas = description["components"]["schemas"]
    resources = fixtures["resources"]
    return {kind: _emptied(resources[kind], schemas[kind], schemas) for kind in sorted(PREFIXES)}


def _emptied(example: JsonObject, schema: JsonObject, schemas: JsonObject) -> JsonObject:
    fields = schema.get("properties", {})
    # Fields the older description does not know are version drift and left out.
    known = {name: value for name, value in example.items() if name in fields}
    return {name: _empty(value, fields[name], schemas) for name, value in known.items()}


def _empty(value: Any, schema: JsonObject, schemas: JsonObject) -> Any:
    if schema.get("nullable"):
        return None
    if not isinstance(value, dict):
        return value
    options = [schema, *schema.get("anyOf", ())]
    for option in options:
        target = schemas[option["$ref"].rsplit("/", 1)[1]] if "$ref" in option else option
        if target.get("properties"):
            return _emptied(value, target, schemas)
    return {}


def main(folder: Path) -> None:
    """Rewrite both tables from the files in the folder."""
    description = json.loads((folder / "openapi.json").read_text(encoding="utf-8"))
    fixtures = json.loads((folder / "fixtures.json").read_text(encoding="utf-8"))
    tables = {
        "parameters.json": parameters(description),
        "skeletons.json": skeletons(description, fixtures),
    }
    for name, table in tables.items():
        lines = ",\n".join(
            f"{json.dumps(key)}: {json.dumps(table[key], separators=(',', ':'), sort_keys=True)}"
            for key in sorted(table)
        )
        (HERE / name).write_text("{\n" + lines + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
