"""Stripe's own Python client, read as a description: what each call takes and answers.

The client's types are made by Stripe of its newest description. They are read as text, by their
syntax; nothing of the client is imported or run.
"""

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

SCALARS = {"int": "i", "float": "n", "bool": "b", "str": "s", "Decimal": "s", "Any": "any"}
MARKS = {"Optional": "?", "List": "[]", "ListObject": "list"}
CHOICES: dict[str, list[str]] = {"Union": [], "ExpandableField": ["s"]}
MAPS = ("Dict", "UntypedStripeObject")
PLAYED_METHODS = frozenset({"card", "radar_options", "type"})
"""Of the many ways to pay only a card is played: the others are left out of answers."""


@dataclass(frozen=True)
class Module:
    """One file of the client: its classes, and where each name it imports is from."""

    path: Path
    classes: dict[str, ast.ClassDef]
    imports: dict[str, tuple[Path, str]]


@cache
def module(root: Path, path: Path) -> Module:
    """Read one file of the client."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imports: dict[str, tuple[Path, str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("stripe."):
            source = root.joinpath(*str(node.module).split(".")[1:]).with_suffix(".py")
            imports |= {it.asname or it.name: (source, it.name) for it in node.names}
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    return Module(path, classes, imports)


@dataclass(frozen=True)
class Call:
    """One method of a service: the types of what it takes and answers."""

    inside: Module
    takes: str | None
    answers: str


def calls(root: Path) -> dict[str, Call]:
    """Every endpoint that the client has a method for, as ``GET /v1/charges/{charge}``."""
    found: dict[str, Call] = {}
    for path in sorted([*root.glob("_*_service.py"), *root.glob("checkout/_*_service.py")]):
        inside = module(root, path)
        for service in inside.classes.values():
            for method in service.body:
                if isinstance(method, ast.FunctionDef) and (endpoint := _endpoint(method)):
                    found[endpoint] = Call(inside, _taken(method), _name(method.returns))
    refunds = Call(
        module(root, root / "_charge.py"), "ChargeListRefundsParams", "ListObject[Refund]"
    )
    return {"GET /v1/charges/{charge}/refunds": refunds, **found}  # No service has this one.


def _endpoint(method: ast.FunctionDef) -> str | None:
    for node in ast.walk(method):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "self._request":
            verb, path = node.args[0], node.args[1]
            if isinstance(path, ast.Call) and isinstance(path.func, ast.Attribute):
                path = path.func.value
            return f"{ast.literal_eval(verb).upper()} {ast.literal_eval(path)}"
    return None


def _taken(method: ast.FunctionDef) -> str | None:
    given = {one.arg: one.annotation for one in method.args.args}
    return _name(given["params"]) if "params" in given else None


def _name(annotation: ast.expr | None) -> str:
    """The innermost name of ``Optional["ChargeListParams"]`` or ``"ListObject[Charge]"``."""
    if annotation is None:
        raise ValueError("a method of the client is not annotated")
    text = ast.unparse(annotation).replace('"', "").replace("'", "")
    return text.removeprefix("Optional[").removesuffix("]" if "Optional[" in text else "")


@dataclass(frozen=True)
class Types:
    """Turns annotations inside one file into the tables' words; nested classes come first."""

    root: Path
    inside: Module
    scope: tuple[ast.ClassDef, ...] = ()

    def of(self, annotation: ast.expr) -> Any:
        """One annotation in the tables' words."""
        match annotation:
            case ast.Constant(value=str(text)):
                return self.of(ast.parse(text, mode="eval").body)
            case ast.BinOp():
                return _choice([self.of(one) for one in _alternatives(annotation)])
            case ast.Subscript(value=outer, slice=inner):
                return self._generic(ast.unparse(outer), inner)
            case ast.Name(id=name):
                return SCALARS[name] if name in SCALARS else self._named(name)
        raise ValueError(f"{self.inside.path.name}: {ast.unparse(annotation)}")

    def _generic(self, outer: str, inner: ast.expr) -> Any:
        parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        if outer == "Literal":
            words = [ast.literal_eval(part) for part in parts]
            return "b" if words == [True] else "=" + ",".join(words)
        if outer == "NotRequired":
            return self.of(inner)
        if outer in MAPS:
            return {"*": self.of(parts[-1])}
        if outer in MARKS:
            return [MARKS[outer], self.of(inner)]
        if outer in CHOICES:
            return _choice([*CHOICES[outer], *(self.of(part) for part in parts)])
        raise ValueError(f"{self.inside.path.name}: {outer}")

    def _named(self, name: str) -> Any:
        for depth in range(len(self.scope), 0, -1):
            for node in self.scope[depth - 1].body:
                if isinstance(node, ast.ClassDef) and node.name == name:
                    return Types(self.root, self.inside, self.scope[:depth]).fields(node)
        if name in self.inside.classes:
            found = self.inside.classes[name]
            return ["@", kind] if (kind := kind_of(found)) else self.fields(found)
        source, own_name = self.inside.imports[name]
        return ["@", kind_of(module(self.root, source).classes[own_name])]

    def fields(self, node: ast.ClassDef) -> dict[str, Any]:
        """The fields of one class, in the tables' words."""
        within = Types(self.root, self.inside, (*self.scope, node))
        return {
            one.target.id: within.of(one.annotation)
            for one in node.body
            if isinstance(one, ast.AnnAssign)
            and isinstance(one.target, ast.Name)
            and "ClassVar" not in ast.unparse(one.annotation)
            and not one.target.id.startswith("_")
        }


def kind_of(node: ast.ClassDef) -> str | None:
    """The name that a resource's class has in Stripe's JSON."""
    for one in node.body:
        if isinstance(one, ast.AnnAssign) and ast.unparse(one.target) == "OBJECT_NAME":
            return str(ast.literal_eval(one.value)) if one.value else None
    return None


def required(node: ast.ClassDef) -> list[str]:
    """The parameters of a call that must be given."""
    return sorted(
        ast.unparse(one.target)
        for one in node.body
        if isinstance(one, ast.AnnAssign)
        and not ast.unparse(one.annotation).startswith("NotRequired")
    )


def _alternatives(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp):
        return [*_alternatives(node.left), *_alternatives(node.right)]
    return [node]


def _choice(options: list[Any]) -> Any:
    """One of the options; known words are not opened to any text, as the client's types are."""
    literals = [one[1:] for one in options if isinstance(one, str) and one.startswith("=")]
    words = list(dict.fromkeys(word for one in literals for word in one.split(",")))
    closed = any(words)
    rest: list[Any] = []
    for one in options:
        is_word = isinstance(one, str) and (one.startswith("=") or (closed and one == "s"))
        if not is_word and one not in rest:
            rest.append(one)
    found = [*rest, "=" + ",".join(words)] if literals else rest
    return found[0] if len(found) == 1 else ["|", *found]
