"""docs/first-change.md, followed word by word in a copy of this checkout."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from checkout_copy import copied

ROOT = Path(__file__).parents[2]
STEPS = re.findall(
    r"^```(sh|diff)\n(.*?)^```$", (ROOT / "docs/first-change.md").read_text("utf-8"), re.M | re.S
)
DOCS = (["docs/generate.py"], ["-m", "contracts_schema.export"])
PROGRAMS = {
    "new": lambda words: [["-m", "holdfast.cli", "new", *words]],
    "docs": lambda _: DOCS,
    "test": lambda words: [["-m", "pytest", "-q", "-p", "no:cacheprovider", *words]],
    "check": lambda _: [
        ["-m", "ruff", "check", "services/reviews", "libs/contracts-schema"],
        ["-m", "ruff", "format", "--check", "services/reviews", "libs/contracts-schema"],
        ["-m", "mypy", "--no-error-summary", "services/reviews/src"],
        ["docs/generate.py", "--check"],
    ],
}
"""What `./holdfast …` runs, by this environment's Python instead of one made for the copy."""


def environment(root, servers):
    return (
        os.environ
        | servers
        | {
            "HOLDFAST_ROOT": str(root),
            "PYTHONPATH": os.pathsep.join(
                str(it) for it in (*root.glob("*/*/src"), root / "deploy/src")
            ),
            "PYTEST_ADDOPTS": "",
        }
    )


def follow(root, kind, text, servers):
    if kind == "diff":
        commands = [["git", "apply", "-"]]
    else:
        lines = [line.removeprefix("./holdfast ").split() for line in text.splitlines()]
        commands = [[sys.executable, *it] for first, *rest in lines for it in PROGRAMS[first](rest)]
    for command in commands:
        done = subprocess.run(
            command, cwd=root, env=environment(root, servers), capture_output=True, text=True,
            input=text if kind == "diff" else None, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


@pytest.mark.timeout(600)
@pytest.mark.slow
def test_the_page_works_as_it_is_written(
    tmp_path, postgres_url, rabbitmq_url, rabbitmq_management_url
):
    copied(tmp_path)
    servers = {
        "HOLDFAST_TEST_POSTGRES_URL": postgres_url,
        "HOLDFAST_TEST_RABBITMQ_URL": rabbitmq_url,
        "HOLDFAST_TEST_RABBITMQ_MANAGEMENT_URL": rabbitmq_management_url,
    }
    assert [kind for kind, _ in STEPS].count("diff") == 3
    for kind, text in STEPS:
        follow(tmp_path, kind, text, servers)
    schema = tmp_path / "libs/contracts-schema/schemas/reviews.review_opened.v1.json"
    assert "stars" in schema.read_text("utf-8")
