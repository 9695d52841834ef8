"""How the committed tables are made of the types in Stripe's own Python client.

`python -m sandbox.stripe.describe [FOLDER]` reads the client that is installed and writes
`description.json` (which version it is), `parameters.json`, `answers.json` and `skeletons.json`
(the ones of before, completed) into the folder, or in place. A running sandbox needs no client.
"""

import ast
import importlib.util
import json
import re
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

from sandbox.stripe.client_types import (
    PLAYED_METHODS,
    Call,
    Types,
    calls,
    kind_of,
    module,
    required,
)
from sandbox.stripe.endpoints import ENDPOINTS

JsonObject = dict[str, Any]
HERE = Path(__file__).parent
WAYS_TO_PAY = ("payment_method_details", "payment_method_options", "payment_method")
SHOWN_INSIDE = ("error", "price")
ONLY_ASKED_FOR = frozenset({"deleted", "secret"})
"""Fields that Stripe leaves out where they say nothing; all others it shows as null."""


def client() -> Path:
    """Where the installed client lies."""
    found = importlib.util.find_spec("stripe")
    if found is None or found.origin is None:
        raise FileNotFoundError("the client is not installed: pip install stripe")
    return Path(found.origin).parent


def version(root: Path) -> JsonObject:
    """Which description it is, and of what it was made."""
    api = re.search(r'CURRENT = "(.+)"', (root / "_api_version.py").read_text(encoding="utf-8"))
    own = re.search(r'VERSION = "(.+)"', (root / "_version.py").read_text(encoding="utf-8"))
    if api is None or own is None:
        raise ValueError("the client does not say its version")
    return {
        "api_version": api[1],
        "made_of": f"the types of stripe-python {own[1]}",
        "made_by": "python -m sandbox.stripe.describe",
    }


def parameters(root: Path, lengths: JsonObject) -> JsonObject:
    """Name, type and duty of every parameter of every endpoint that the sandbox plays.

    The client's types know no lengths: those are kept in `lengths.json`, by the parameter's path.
    """
    known = calls(root)
    table: JsonObject = {}
    for endpoint in sorted(f"{method} {path}" for method, path in ENDPOINTS):
        table[endpoint] = _limited(_taken(root, known[endpoint]), lengths.get(endpoint, {}), "")
    return table


def _taken(root: Path, call: Call) -> JsonObject:
    if call.takes is None:
        return {}
    source, name = call.inside.imports[call.takes]
    inside = module(root, source)
    return Parameters(root, inside).fields(inside.classes[name])


class Parameters(Types):
    """Parameters, where each class also names what it requires."""

    def _named(self, name: str) -> Any:
        return self.fields(self.inside.classes[name])

    def fields(self, node: ast.ClassDef) -> JsonObject:
        """The parameters of one class, and under ``!`` the required ones."""
        found = {
            ast.unparse(one.target): self.of(one.annotation)
            for one in node.body
            if isinstance(one, ast.AnnAssign)
        }
        return found | ({"!": must} if (must := required(node)) else {})


def _limited(spec: Any, lengths: JsonObject, path: str) -> Any:
    if isinstance(spec, dict):
        return {
            name: field if name == "!" else _limited(field, lengths, f"{path}.{name}".strip("."))
            for name, field in spec.items()
        }
    if isinstance(spec, list):
        return [spec[0], *(_limited(one, lengths, path) for one in spec[1:])]
    return f"s{lengths[path]}" if spec == "s" and path in lengths else spec


def answers(root: Path, kinds: list[str]) -> JsonObject:
    """The fields of each kind of object that the sandbox shows; ``?`` what may be null."""
    found: JsonObject = {}
    for path in sorted([*root.glob("_*.py"), *root.glob("checkout/_*.py")]):
        inside = module(root, path)
        for node in inside.classes.values():
            kind = "error" if node.name == "ErrorObject" else kind_of(node)
            if kind in kinds:
                fields = Types(root, inside).fields(node)
                found[str(kind)] = _played({"payment_method": fields}, kind)["payment_method"]
    return found


def _played(fields: JsonObject, kind: str | None) -> JsonObject:
    """Without the ways to pay that are not played."""
    names = WAYS_TO_PAY if kind == "payment_method" else WAYS_TO_PAY[:2]
    return {
        name: _only_cards(spec) if name in names else _deeper(spec, kind)
        for name, spec in fields.items()
    }


def _deeper(spec: Any, kind: str | None) -> Any:
    if isinstance(spec, dict):
        return _played(spec, None)
    if isinstance(spec, list):
        return [spec[0], *(_deeper(one, None) for one in spec[1:])]
    return spec


def _only_cards(spec: Any) -> Any:
    if isinstance(spec, list):
        return [spec[0], *(_only_cards(one) for one in spec[1:])]
    if not isinstance(spec, dict):
        return spec
    ways = {name for name, field in spec.items() if isinstance(field, list) and field[0] == "?"}
    objects = {
        name for name in ways if isinstance(spec[name][1], dict) and "*" not in spec[name][1]
    }
    return {n: f for n, f in spec.items() if n in PLAYED_METHODS or n not in objects}


def completed(skeleton: JsonObject, fields: JsonObject) -> JsonObject:
    """An empty object with all that is described: what may be null is null, where not given."""
    given = {name: _deep(value, fields[name]) for name, value in skeleton.items() if name in fields}
    missing = set(fields) - set(given) - ONLY_ASKED_FOR
    return {**deepcopy(given), **{name: _empty(fields[name]) for name in sorted(missing)}}


def _deep(value: Any, spec: Any) -> Any:
    if isinstance(value, dict) and isinstance(spec, dict) and "*" not in spec:
        return completed(value, spec)
    return value


def _empty(spec: Any) -> Any:
    match spec:
        case ["?", *_]:
            return None
        case ["[]", *_] | ["list", *_]:
            return []
        case ["|", first, *_]:
            return _empty(first)
        case dict():
            return {} if "*" in spec else {name: _empty(field) for name, field in spec.items()}
        case str() if spec.startswith("="):
            return spec[1:].split(",")[0]
    return {"i": 0, "n": 0, "b": False}.get(spec, "")


def _write(folder: Path, name: str, table: JsonObject) -> None:
    lines = ",\n".join(
        f"{json.dumps(key)}: {json.dumps(table[key], separators=(',', ':'), sort_keys=True)}"
        for key in sorted(table)
    )
    (folder / name).write_text("{\n" + lines + "\n}\n", encoding="utf-8")


def read(name: str) -> JsonObject:
    """One of the committed tables."""
    table: JsonObject = json.loads((HERE / name).read_text(encoding="utf-8"))
    return table


def main(folder: Path) -> None:
    """Write the tables anew from the installed client."""
    root, skeletons = client(), read("skeletons.json")
    described = answers(root, [*skeletons, *SHOWN_INSIDE])
    _write(folder, "description.json", version(root))
    _write(folder, "parameters.json", parameters(root, read("lengths.json")))
    _write(folder, "answers.json", described)
    _write(folder, "skeletons.json", {k: completed(s, described[k]) for k, s in skeletons.items()})


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
