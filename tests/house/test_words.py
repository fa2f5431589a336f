"""What the documentation must name, so that nobody has to read the source to find it."""

from __future__ import annotations

import ast
import re
from dataclasses import fields

import pytest

from persona_django.catalogue.maps import ItemMap, OrderMap
from persona_django.conf import Settings
from persona_django.identity.consent import ConsentPolicy
from persona_django.ranking.base import Ranker
from persona_django.sources.base import Source
from tests.house.tree import APP, ROOT, markdown, modules, shown


def words() -> str:
    return "\n".join(path.read_text("utf-8") for path in markdown())


def test_every_setting_stands_in_the_reference_with_its_default_and_its_reason():
    from docs.settings_reference import PAGE, page

    written = PAGE.read_text("utf-8")

    assert written == page(), "run: python -m docs.settings_reference"

    for setting in fields(Settings):
        assert f"### `{setting.name.upper()}`" in written
    assert written.count("Default:") == len(fields(Settings))
    assert "\n\nDefault: ``\n" not in written


def test_the_reference_tells_what_is_not_set_from_what_is_set_to_the_default():
    from docs.settings_reference import reference

    proxies = reference().partition("### `TRUSTED_PROXIES`")[2].partition("###")[0]

    assert "while it is not set" in proxies
    assert "Default: not set, counted as `0`, from 0 to 20 proxies." in proxies


def test_every_command_is_documented():
    said = words()

    commands = [path.stem for path in (APP / "management" / "commands").glob("persona_*.py")]
    assert [name for name in commands if name not in said] == []


def test_every_list_of_the_admin_is_explained():
    from django.contrib import admin
    from django.utils.text import capfirst

    said = (ROOT / "docs" / "admin.md").read_text("utf-8")
    listed = {
        str(capfirst(model._meta.verbose_name_plural))
        for model, its_admin in admin.site._registry.items()
        if model._meta.app_label == "persona" and not getattr(its_admin, "is_internal", False)
    }

    assert set(re.findall(r"^\| \*\*(.+?)\*\* \|", said, re.M)) == listed


def test_every_attribute_of_a_map_is_documented():
    items = (ROOT / "docs" / "extending" / "item-map.md").read_text("utf-8")
    orders = (ROOT / "docs" / "extending" / "order-map.md").read_text("utf-8")

    assert [name for name in ItemMap.names if f"`{name}`" not in items] == []
    assert [name for name in OrderMap.names if f"`{name}`" not in orders] == []


def test_every_check_is_documented_and_every_documented_check_exists():
    number = re.compile(r"persona\.[EW]\d{3}")
    code = "\n".join(path.read_text("utf-8") for path in APP.rglob("*.py"))
    said = (ROOT / "docs" / "checks.md").read_text("utf-8")

    assert set(number.findall(code)) == set(number.findall(said))


def test_every_block_has_a_page():
    from persona_django.blocks.registry import blocks

    pages = {path.stem for path in (ROOT / "docs" / "blocks").glob("*.md")} - {"index"}

    assert set(blocks()) == pages


EXTENSION_POINTS = {
    ItemMap: ("item-map", "test_maps"),
    OrderMap: ("order-map", "test_maps"),
    ConsentPolicy: ("consent-policy", "test_consent_policy"),
    Source: ("source", "test_source"),
    Ranker: ("ranker", "test_ranker"),
}
"""What a shop may write its own kind of: the page about it, and the suite for every kind."""


@pytest.mark.parametrize("point", EXTENSION_POINTS, ids=lambda point: point.__name__)
def test_every_extension_point_has_a_page_and_a_suite(point: type):
    page, suite = EXTENSION_POINTS[point]
    text = (ROOT / "docs" / "extending" / f"{page}.md").read_text("utf-8")
    index = (ROOT / "docs" / "extending" / "index.md").read_text("utf-8")

    assert text.startswith(f"# {point.__name__}: ")
    assert re.search(rf"^class \w+\((catalogue\.)?{point.__name__}\):$", text, re.M)
    assert f"| [`{point.__name__}`]({page}.md) |" in index
    assert f"\n{page}\n" in index
    assert (ROOT / "tests" / "contracts" / f"{suite}.py").exists()


def test_every_class_that_is_called_an_extension_point_is_one():
    called_so = {
        node.name
        for path in modules("persona_django")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ClassDef)
        and "extension point" in (ast.get_docstring(node) or "").lower()
    }

    assert called_so <= {point.__name__ for point in EXTENSION_POINTS}
    assert {"ConsentPolicy", "Source", "Ranker"} <= called_so


def test_every_page_about_extending_stands_in_its_index():
    pages = {path.stem for path in (ROOT / "docs" / "extending").glob("*.md")} - {"index"}

    assert pages == {page for page, _ in EXTENSION_POINTS.values()} | {"block"}


def test_links_between_pages_lead_somewhere():
    link = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")
    lost = [
        f"{shown(path)}: {target}"
        for path in markdown()
        for target in link.findall(path.read_text("utf-8"))
        if not (path.parent / target).exists()
    ]

    assert not lost


def test_the_readme_gives_its_two_commands_on_one_line_each():
    readme = (ROOT / "README.md").read_text("utf-8")
    environments = (ROOT / "tox.ini").read_text("utf-8")

    for name in ("demo", "tests"):
        assert f"\npython -m pip install tox && python -m tox run -e {name}\n" in readme
        assert f"[testenv:{name}]" in environments


def test_every_environment_that_the_words_name_exists():
    environments = set(re.findall(r"\[testenv:(\w+)\]", (ROOT / "tox.ini").read_text("utf-8")))

    assert set(re.findall(r"tox run -e (\w+)", words())) <= environments
