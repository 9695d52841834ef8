"""The README draws the tables that the code runs on."""

from pathlib import Path

import pytest
from listings.domain import listing, offer

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")


@pytest.mark.parametrize("module", [listing, offer], ids=["listing", "offer"])
def test_the_readme_draws_the_table(module):
    lines = ["stateDiagram-v2", f"    [*] --> {next(iter(module.State))}"]
    lines += [
        f"    {source} --> {target}: {action.name.lower()}"
        for (source, action), target in module.TRANSITIONS.items()
    ]

    assert "```mermaid\n" + "\n".join(lines) + "\n```" in README
