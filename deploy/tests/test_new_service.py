"""`./holdfast new service`: what it makes is checked, runs and is tested like the other seven."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from checkout_copy import copied
from holdfast.scaffold import CannotMake, NewService


@pytest.fixture
def copy(tmp_path) -> Path:
    return copied(tmp_path)


@pytest.fixture
def run(copy):
    """Run a Python module in the copy, as its own ./holdfast would."""
    sources = [*copy.glob("services/*/src"), *copy.glob("libs/*/src"), copy / "deploy/src"]

    def run(*words, **more):
        paths = [*sources, *copy.glob("services/reviews/src")]
        environment = os.environ | {
            "HOLDFAST_ROOT": str(copy),
            "PYTHONPATH": os.pathsep.join(str(it) for it in paths),
            "PYTEST_ADDOPTS": "",
            **more,
        }
        command = [sys.executable, "-m", *words]
        done = subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


@pytest.mark.timeout(300)
def test_a_new_service_holds_every_check_and_its_own_tests(
    copy, run, postgres_url, rabbitmq_url, rabbitmq_management_url
):
    said = run("holdfast.cli", "new", "service", "reviews", "--noun", "review")
    assert "services/reviews/src/reviews/handlers/review.py" in said

    run("ruff", "check", "services/reviews", "deploy/src")
    run("ruff", "format", "--check", "services/reviews", "deploy/src")
    run("mypy", "--no-error-summary", "services/reviews/src")
    assert "1 written" in run("contracts_schema.export")  # the head of its audit log
    run("contracts_schema.export", "--check")
    subprocess.run([sys.executable, "docs/generate.py"], cwd=copy, check=True, env=os.environ | {
        "PYTHONPATH": os.pathsep.join(str(it) for it in copy.glob("*/*/src")),
    })  # fmt: skip
    assert "reviews.principals" in (copy / "deploy/topology.toml").read_text()
    assert (copy / "docs/openapi/reviews.json").exists()
    given = {
        "HOLDFAST_TEST_POSTGRES_URL": postgres_url,
        "HOLDFAST_TEST_RABBITMQ_URL": rabbitmq_url,
        "HOLDFAST_TEST_RABBITMQ_MANAGEMENT_URL": rabbitmq_management_url,
    }
    tested = run("pytest", "services/reviews", "-q", "-p", "no:cacheprovider", **given)
    assert " passed" in tested
    assert "failed" not in tested


def test_compose_runs_it_like_the_others(copy):
    NewService(copy, "reviews", "review").make()

    compose = yaml.safe_load((copy / "docker-compose.yml").read_text())
    mine, other = compose["services"]["reviews"], compose["services"]["notifier"]
    assert yaml.safe_dump(mine) == yaml.safe_dump(other).replace("notifier", "reviews")
    assert set(mine["secrets"]) <= set(compose["secrets"])
    assert "reviews" in compose["services"]["gateway"]["depends_on"]
    assert {f"reviews-{it}" for it in ("owner", "database", "broker")} <= set(compose["secrets"])


@pytest.mark.parametrize(
    ("name", "noun", "complaint"),
    [
        ("escrow", "item", "exists"),
        ("Reviews", "review", "no name of a service"),
        ("re views", "review", "no name of a service"),
        ("../reviews", "review", "no name of a service"),
        ("reviews", "re-view", "no singular noun"),
        ("reviews", "reviews", "one name"),
    ],
)
def test_what_cannot_be_made_is_refused_and_changes_nothing(copy, name, noun, complaint):
    before = {it: it.read_bytes() for it in copy.rglob("*") if it.is_file()}

    with pytest.raises(CannotMake, match=complaint):
        NewService(copy, name, noun).make()

    assert {it: it.read_bytes() for it in copy.rglob("*") if it.is_file()} == before
