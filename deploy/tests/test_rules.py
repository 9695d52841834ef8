"""The repository's own rules find what they are there to find."""

import shutil

import pytest
from holdfast import rules
from holdfast.instance import checkout


@pytest.fixture
def root(tmp_path):
    """A copy of what the lock rule reads."""
    for file in ("pyproject.toml", "requirements.lock"):
        shutil.copy(checkout() / file, tmp_path / file)
    for member in rules.members(checkout()):
        target = tmp_path / member.relative_to(checkout())
        target.mkdir(parents=True)
        shutil.copy(member / "pyproject.toml", target / "pyproject.toml")
    return tmp_path


def change(file, old, new):
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_this_repositorys_lock_holds():
    assert list(rules.lock_faults(checkout())) == []


def test_a_lock_that_names_a_host_is_found(root):
    lock = root / "requirements.lock"
    lock.write_text("--index-url https://mirror.invalid/simple\n" + lock.read_text())

    assert any("names a host" in it for it in rules.lock_faults(root))


def test_a_pin_without_a_hash_is_found(root):
    with (root / "requirements.lock").open("a") as lock:
        lock.write("loose==1.0\n")

    assert "loose==1.0 has no hash" in list(rules.lock_faults(root))


def test_a_requirement_the_lock_does_not_hold_is_found(root):
    change(root / "deploy/pyproject.toml", "dependencies = [", 'dependencies = [\n    "absent>=1",')

    assert any("absent" in it and "./holdfast lock" in it for it in rules.lock_faults(root))


def test_a_requirement_of_another_version_is_found(root):
    change(root / "deploy/pyproject.toml", '"typer>=0.29,<0.30"', '"typer>=99"')

    assert any("typer" in it for it in rules.lock_faults(root))


def test_a_long_file_is_found(tmp_path):
    folder = tmp_path / "libs/x/src/x"
    folder.mkdir(parents=True)
    (folder / "long.py").write_text("a = 1\n" * 301)
    (folder / "short.py").write_text("a = 1\n" * 300)

    assert list(rules.long_files(tmp_path)) == [
        "libs/x/src/x/long.py has 301 lines, more than 300: split it"
    ]


def test_a_file_that_is_no_room_of_a_service_is_found(tmp_path):
    package = tmp_path / "services/escrow/src/escrow"
    for folder in ("api", "handlers", "store"):
        (package / folder).mkdir(parents=True)
    (package / "app.py").touch()
    (package / "helpers.py").touch()

    [found] = rules.strange_rooms(tmp_path)

    assert found.startswith("services/escrow/src/escrow/helpers.py is no room")


@pytest.mark.parametrize("line", ['"... WHERE id = $1"', 'f"SELECT {X}"  # noqa: S608'])
def test_a_hand_numbered_statement_is_found(tmp_path, line):
    store = tmp_path / "services/escrow/src/escrow/store"
    store.mkdir(parents=True)
    (store / "escrow.py").write_text(f"_FIND = statement({line})\n")

    [found] = rules.numbered_statements(tmp_path)

    assert found.startswith("services/escrow/src/escrow/store/escrow.py:1")


IMAGES = """
HOLDFAST_POSTGRES_IMAGE={postgres}
HOLDFAST_TRAEFIK_IMAGE=traefik:v3.7
HOLDFAST_IMAGES_WITHOUT_DIGEST=TRAEFIK
"""
COMPOSE = """
image: "${HOLDFAST_POSTGRES_IMAGE:-postgres:18}"
image: "${HOLDFAST_TRAEFIK_IMAGE:-traefik:v3.7}"
"""


@pytest.fixture
def production(tmp_path):
    """Images of production: write which PostgreSQL it takes."""
    (tmp_path / "deploy").mkdir()
    (tmp_path / "docker-compose.yml").write_text(COMPOSE)

    def write(postgres, more=""):
        text = IMAGES.format(postgres=postgres) + more
        (tmp_path / "deploy/production.env").write_text(text)
        return list(rules.loose_images(tmp_path))

    return write


def test_an_image_with_a_digest_or_known_to_have_none_is_no_fault(production):
    assert production(f"postgres:18@sha256:{'a1' * 32}") == []


@pytest.mark.parametrize("image", ["postgres:18", "postgres:18@sha256:a1", ""])
def test_an_image_that_a_tag_can_move_is_found(production, image):
    [found] = production(image)

    assert found == f"deploy/production.env: HOLDFAST_POSTGRES_IMAGE={image} has no digest"


def test_an_image_that_has_got_its_digest_is_no_longer_among_those_without(production):
    digest = f"@sha256:{'a1' * 32}"

    [found] = production(f"postgres:18{digest}", f"HOLDFAST_TRAEFIK_IMAGE=traefik:v3.7{digest}\n")

    assert "TRAEFIK has a digest" in found


def test_every_image_of_production_is_pinned_or_known_not_to_be():
    assert list(rules.loose_images(checkout())) == []
