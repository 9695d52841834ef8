"""The documents say what the code says."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def generator():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", sorted(generator().documents()), ids=lambda path: path.name)
def test_the_committed_document_is_what_the_code_says(path):
    written = generator().documents()[path]

    assert path.exists(), "write it by ./holdfast docs"
    assert path.read_text("utf-8") == written, "write it anew by ./holdfast docs"


def test_every_event_is_heard_by_somebody():
    hearing = generator().consumers()

    assert all(hearing[topic] for topic in generator()._events())


def test_readme_names_every_service_and_both_commands():
    readme = (ROOT / "README.md").read_text("utf-8")

    assert "./holdfast demo" in readme
    assert "./holdfast test" in readme
    for service in (ROOT / "services").iterdir():
        assert f"services/{service.name}/README.md" in readme
        assert (service / "README.md").exists()


def test_every_link_between_documents_leads_somewhere():
    import re

    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("*/README.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text("utf-8")):
            assert (document.parent / target).exists(), f"{document.name} leads to {target}"
