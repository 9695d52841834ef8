"""How tests are shared out: what may not run beside each other stays with one worker."""

import subprocess
import sys
from collections import defaultdict

from holdfast import distribution

TESTS = """
import os
import pathlib

import pytest

pytestmark = pytest.mark.xdist_group({name!r})


@pytest.mark.parametrize("number", range(8))
def test_of_a_group(number):
    worker = os.environ["PYTEST_XDIST_WORKER"]
    pathlib.Path({folder!r}, f"{name}-{{number}}").write_text(worker)
"""


def test_a_group_s_tests_all_run_on_one_worker(tmp_path, monkeypatch):
    monkeypatch.setenv("HOLDFAST_TEST_WORKERS", "2")
    ran, tests = tmp_path / "ran", tmp_path / "tests"
    ran.mkdir()
    tests.mkdir()
    for name in ("one", "two", "three"):
        text = TESTS.format(name=name, folder=str(ran))
        (tests / f"test_{name}.py").write_text(text)

    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tests)
    subprocess.run([*command, *distribution.arguments([]), tests], check=True, timeout=240)

    workers = defaultdict(set)
    for file in ran.iterdir():
        workers[file.name.partition("-")[0]].add(file.read_text())
    assert len(list(ran.iterdir())) == 24
    assert {name: len(each) for name, each in workers.items()} == {"one": 1, "two": 1, "three": 1}


def test_few_tests_that_somebody_chose_are_not_shared_out():
    assert distribution.arguments(["deploy/tests/test_distribution.py"]) == []
    assert distribution.arguments(["-k", "fee"]) == []
    assert distribution.arguments(["-n", "0"]) == []
