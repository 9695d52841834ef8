"""What Stripe answers, as the kept description says it, as a judge of the stand-in."""

from typing import Any

from sandbox.stripe.describe import ONLY_ASKED_FOR, read

ANSWERS = read("answers.json")
LISTS = ("list", "search_result")
SCALARS = {"i": int, "n": (int, float), "b": bool, "s": str}


def faults_of_answer(status: int, body: Any) -> list[str]:
    """How an answer differs from what the description promises."""
    if status != 200:
        return _faults(body, {"error": ANSWERS["error"]}, "")
    if body["object"] in LISTS:
        page = {"object", "data", "has_more", "url"}
        page |= {"next_page"} if body["object"] == "search_result" else set()
        wrong = [f"a page has {sorted(body)}"] if set(body) != page else []
        return wrong + [fault for item in body["data"] for fault in faults_of_object(item)]
    if body.get("deleted"):
        return [] if set(body) == {"id", "object", "deleted"} else [f"deleted with {sorted(body)}"]
    return faults_of_object(body)


def faults_of_object(value: dict[str, Any]) -> list[str]:
    """How any object differs from the description of its kind."""
    kind = value["object"]
    return _faults(value, ANSWERS[kind], kind) if kind in ANSWERS else [f"{kind} is unknown"]


def _faults(value: Any, spec: Any, path: str) -> list[str]:
    if isinstance(spec, list):
        return _marked(value, spec, path)
    if isinstance(spec, str):
        return _scalar(value, spec, path)
    if not isinstance(value, dict):
        return [_is_not(value, spec, path)]
    if inner := spec.get("*"):
        return [f for name, one in value.items() for f in _faults(one, inner, f"{path}.{name}")]
    return _fields(value, spec, path)


def _marked(value: Any, spec: list[Any], path: str) -> list[str]:
    match spec:
        case ["?", inner]:
            return [] if value is None else _faults(value, inner, path)
        case ["|", *options]:
            return _one_of(value, options, path)
        case ["[]", inner] if isinstance(value, list):
            return [fault for one in value for fault in _faults(one, inner, f"{path}[]")]
        case ["list", inner] if isinstance(value, dict) and value.get("object") == "list":
            return [fault for one in value["data"] for fault in _faults(one, inner, path)]
        case ["@", kind] if isinstance(value, dict) and value.get("object") == kind:
            return faults_of_object(value)
    return [_is_not(value, spec, path)]


def _is_not(value: Any, spec: Any, path: str) -> str:
    return f"{path}: {str(value)[:80]!r} is not {str(spec)[:200]}"


def _one_of(value: Any, options: list[Any], path: str) -> list[str]:
    tried = [_faults(value, option, path) for option in options]
    return [] if [] in tried else min(tried, key=len)


def _fields(value: dict[str, Any], spec: dict[str, Any], path: str) -> list[str]:
    found = [f"{path}.{name} is not described" for name in value if name not in spec]
    for name, field in spec.items():
        if name in value:
            found += _faults(value[name], field, f"{path}.{name}")
        elif not isinstance(field, list) or field[0] != "?":
            found.append(f"{path}.{name} is missing")
    return found


def _scalar(value: Any, spec: str, path: str) -> list[str]:
    if spec.startswith("="):
        fits = value in spec[1:].split(",")
    elif spec == "any":
        fits = True
    else:
        fits = isinstance(value, SCALARS[spec]) and (spec == "b") == isinstance(value, bool)
    return [] if fits else [_is_not(value, spec, path)]


def unshown(value: dict[str, Any]) -> set[str]:
    """Fields of its kind that an object does not show, not even as null."""
    return set(ANSWERS[value["object"]]) - set(value) - ONLY_ASKED_FOR
