"""What goes into an image: nothing that git does not hold, least of all a secret."""

from pathlib import Path

ROOT = Path(__file__).parents[2]


def lines(name: str) -> set[str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return {line.strip("/") for line in text.splitlines() if line and not line.startswith("#")}


def test_the_folders_that_git_ignores_reach_no_build():
    kept_out = {line.removeprefix("**/") for line in lines(".dockerignore")}
    made_here = {line for line in lines(".gitignore") if (ROOT / line).is_dir()} | {
        "deploy/secrets",
        ".holdfast",
    }

    assert made_here <= kept_out
