"""What the README says of installing and of the demo is so."""

from __future__ import annotations

import re

from tests.newcomer.recipe import ROOT, Place, section

README = (ROOT / "README.md").read_text("utf-8")


def test_the_demo_knows_what_the_readme_passes_to_it():
    passed = re.findall(r"(?:tox run -e demo|`)(?: --|--) (--[^`\n]+)`", README)
    options = {word for words in passed for word in words.split() if word.startswith("--")}

    known = Place(ROOT).run("python", "manage.py", "demo", "--help")

    assert {"--no-server", "--json", "--port", "--data"} <= options
    assert [option for option in options if option not in known] == []


def test_everything_that_is_installed_is_named():
    listed = re.search(
        r"^dependencies = \[\n(.*?)^\]", (ROOT / "pyproject.toml").read_text("utf-8"), re.S | re.M
    )
    assert listed
    said = _plain(section(README, "Add it to your shop"))

    names = re.findall(r'"([a-z-]+)[>=]', listed[1])

    assert "numpy" in names
    assert [name for name in names if _plain(name) not in said] == []


def _plain(text: str) -> str:
    return re.sub(r"[\s-]", "", text.lower())
