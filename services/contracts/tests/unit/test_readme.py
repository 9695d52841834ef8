"""The drawing in the README is the table of the code."""

from __future__ import annotations

from pathlib import Path

from contracts.domain.contract import TRANSITIONS, State

README = Path(__file__).parent.parent.parent / "README.md"


def drawn() -> str:
    lines = ["stateDiagram-v2", f"    [*] --> {State.PENDING_SIGNATURE}: draft"]
    lines += [f"    {start} --> {end}: {action}" for (start, action), end in TRANSITIONS.items()]
    return "\n".join(lines)


def test_the_states_are_drawn_as_they_are():
    assert f"```mermaid\n{drawn()}\n```" in README.read_text()
