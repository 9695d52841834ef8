"""The shell bootstrap: when it makes the environment, and that two of them do not collide."""

import os
import shutil
import stat
import subprocess
import textwrap

import pytest
from holdfast.instance import checkout

# Stands for uv: notes what it is asked, takes a moment, and makes a python that prints its words.
UV = """\
    #!/bin/sh
    echo "$*" >> "$HOLDFAST_ROOT/calls"
    sleep 0.3
"""
PYTHON = """\
    #!/bin/sh
    echo "python $*"
"""
LOCK = """\
uv==0.13.8 \\
    --hash=sha256:aa
"""


@pytest.fixture
def root(tmp_path):
    """A checkout whose environment exists but was made from another lock."""
    shutil.copy(checkout() / "holdfast", tmp_path / "holdfast")
    for member in ("libs/chassis", "services/escrow", "sandbox", "deploy"):
        (tmp_path / member).mkdir(parents=True)
        (tmp_path / member / "pyproject.toml").write_text("[project]\n")
    (tmp_path / "requirements.lock").write_text(LOCK)
    program(tmp_path / ".holdfast/venv/bin/uv", UV)
    program(tmp_path / ".holdfast/venv/bin/python", PYTHON)
    return tmp_path


def program(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def start(root, *words, **environment):
    return subprocess.Popen(
        [root / "holdfast", *words],
        env={"PATH": os.environ["PATH"], "HOME": str(root), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(root, *words, **environment):
    child = start(root, *words, **environment)
    out, err = child.communicate(timeout=30)
    return child.returncode, out, err


def calls(root):
    return (root / "calls").read_text().splitlines() if (root / "calls").exists() else []


def test_the_environment_is_made_from_the_lock_and_then_reused(root):
    first = run(root, "status", "--flag")
    made = calls(root)
    second = run(root, "status")

    assert first[0] == second[0] == 0
    assert first[1] == "python -m holdfast.cli status --flag\n"
    assert any("--require-hashes" in it and "requirements.lock" in it for it in made)
    assert any("--no-deps" in it and f"-e {root}/services/escrow" in it for it in made)
    assert calls(root) == made


@pytest.mark.parametrize("changed", ["requirements.lock", "services/escrow/pyproject.toml"])
def test_a_changed_lock_or_member_makes_it_again(root, changed):
    run(root, "status")
    before = len(calls(root))

    with (root / changed).open("a") as file:
        file.write("# changed\n")
    run(root, "status")

    assert len(calls(root)) == 2 * before


def test_of_two_at_once_one_makes_it_and_the_other_waits(root):
    children = [start(root, "status") for _ in range(4)]
    results = [child.communicate(timeout=30) for child in children]

    assert [child.returncode for child in children] == [0] * 4
    assert all(out == "python -m holdfast.cli status\n" for out, _ in results)
    assert sum("--require-hashes" in it for it in calls(root)) == 1
    assert not (root / ".holdfast/bootstrap.lock").exists()


def test_the_lock_of_a_bootstrap_that_died_is_taken_over(root):
    dead = subprocess.Popen(["true"])
    dead.wait()
    (root / ".holdfast/bootstrap.lock").mkdir()
    (root / ".holdfast/bootstrap.lock/pid").write_text(str(dead.pid))

    assert run(root, "status")[0] == 0


def test_a_failed_installation_is_not_taken_for_a_good_one(root):
    program(root / ".holdfast/venv/bin/uv", "#!/bin/sh\nexit 3\n")

    code, out, err = run(root, "status")

    assert code == 1
    assert "could not be made" in err
    assert out == ""
    assert not (root / ".holdfast/venv/.stamp").exists()
    assert not (root / ".holdfast/bootstrap.lock").exists()


def test_without_a_fit_python_it_says_what_to_install(root, tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "dirname", "cat", "sha256sum", "cut", "mkdir", "rm", "sleep", "mv"):
        (tools / name).symlink_to(shutil.which(name))

    code, _, err = run(root, "status", PATH=str(tools))

    assert code == 1
    assert "no Python 3.11 or newer" in err


def test_a_folder_with_a_space_in_its_name_is_no_obstacle(root, tmp_path):
    spaced = tmp_path.parent / f"{tmp_path.name} with space"
    shutil.copytree(root, spaced)

    code, out, _ = run(spaced, "status")

    assert code == 0
    assert out == "python -m holdfast.cli status\n"
    assert any(f"-e {spaced}/sandbox" in it for it in calls(spaced))
