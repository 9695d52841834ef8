"""The shell bootstrap: when it makes the environment, and that two of them do not collide."""

import getpass
import os
import shutil
import socket
import stat
import subprocess
import tempfile
import textwrap
from pathlib import Path

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
    for name in (
        "sh",
        "dirname",
        "cat",
        "sha256sum",
        "cut",
        "mkdir",
        "rm",
        "sleep",
        "mv",
        "stat",
        "id",
    ):
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


SOMEBODY = 65534


@pytest.fixture
def anyones(root):
    """The checkout where any user gets to it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        shutil.copytree(root, folder / "checkout")
        for path in folder.rglob("*"):
            path.chmod(0o755)
        yield folder / "checkout"


def run_as(uid, root, *words):
    return subprocess.run(
        [root / "holdfast", *words], user=uid, group=uid, extra_groups=(), timeout=60,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_the_checkout_of_somebody_else_is_refused_with_what_to_do(anyones):
    done = run_as(SOMEBODY, anyones, "up")

    assert done.returncode == 1
    assert f"{anyones}/.holdfast belongs to {getpass.getuser()}, and you are nobody" in done.stderr
    assert "make a clone of your own" in done.stderr
    assert not calls(anyones)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_root_leaves_no_files_of_its_own_in_somebody_elses_checkout(anyones):
    for path in (anyones, *anyones.rglob("*")):
        os.chown(path, SOMEBODY, SOMEBODY)

    code, _, err = run(anyones, "up")

    assert code == 1
    assert "belongs to nobody, and you are" in err
    assert not calls(anyones)


@pytest.mark.skipif(os.geteuid() != 0, reason="root may write anywhere and has to step down")
@pytest.mark.parametrize("existing", [True, False], ids=["with its folder", "before its folder"])
def test_a_read_only_checkout_says_so_at_once(anyones, existing):
    if not existing:
        shutil.rmtree(anyones / ".holdfast")
    for path in (anyones, *anyones.rglob("*")):
        os.chown(path, SOMEBODY, SOMEBODY)
        path.chmod(path.stat().st_mode & ~0o222)

    done = run_as(SOMEBODY, anyones, "up")

    assert done.returncode == 1
    assert "is read-only: copy the checkout to where you may write" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_without_a_network_the_first_run_says_so_and_does_not_blame_pip(root):
    shutil.rmtree(root / ".holdfast/venv")
    with socket.socket() as closed:  # bound, and nobody listens
        closed.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}/simple"
        child = start(root, "up", PIP_INDEX_URL=nowhere, PIP_RETRIES="0", PIP_TIMEOUT="5")
        _, err = child.communicate(timeout=120)

    assert child.returncode == 1
    assert "is there a network?" in err.splitlines()[-1]
    assert "PIP_INDEX_URL names a mirror" in err.splitlines()[-1]
    assert "has no pip" not in err


@pytest.mark.parametrize("locale", ["C", "POSIX", ""])
def test_a_folder_with_any_letters_in_its_name_is_no_obstacle_whatever_the_locale(
    root, tmp_path, locale
):
    named = tmp_path.parent / f"{tmp_path.name} größe ✓"
    shutil.copytree(root, named)
    program(named / ".holdfast/venv/bin/python", '#!/bin/sh\necho "$LC_ALL"; locale charmap\n')

    code, out, _ = run(named, "status", LC_ALL=locale)

    assert code == 0
    assert out.split() == ["C.UTF-8", "UTF-8"]


CACHING = """\
    #!/bin/sh
    echo "$UV_CACHE_DIR" >> "$HOLDFAST_ROOT/calls"
    mkdir -p "$UV_CACHE_DIR/simple"
"""


def test_what_is_fetched_lies_in_the_folder_and_only_while_it_is_needed(root):
    program(root / ".holdfast/venv/bin/uv", CACHING)
    (root / ".holdfast/bootstrap").mkdir()

    run(root, "status")

    assert set(calls(root)) == {f"{root}/.holdfast/cache/uv"}
    assert not (root / ".holdfast/bootstrap").exists()
    assert not (root / ".holdfast/cache/uv").exists()


def test_a_cache_of_ones_own_is_used_and_stays(root, tmp_path):
    program(root / ".holdfast/venv/bin/uv", CACHING)

    run(root, "status", UV_CACHE_DIR=str(tmp_path / "mine"))

    assert set(calls(root)) == {str(tmp_path / "mine")}
    assert (tmp_path / "mine/simple").is_dir()


def test_every_command_has_its_cache_in_the_folder(root):
    run(root, "status")
    program(root / ".holdfast/venv/bin/python", '#!/bin/sh\necho "$UV_CACHE_DIR"\n')

    _, out, _ = run(root, "lock")

    assert out.strip() == f"{root}/.holdfast/cache/uv"
