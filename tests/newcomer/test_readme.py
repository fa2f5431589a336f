"""README's "Add it to your shop", followed word for word in shops that are not ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.newcomer.recipe import ROOT, Place, section, steps_of
from tests.newcomer.shops import KINDS, Kind, build

STEPS = tuple(steps_of(section((ROOT / "README.md").read_text("utf-8"), "Add it to your shop")))
SECOND_MAP = """

@catalogue.register("shop.Voucher")
class VoucherItems(catalogue.ItemMap):
    title, price, url = "title", "amount", "get_absolute_url"
"""


def follow_readme(place: Place, kind: Kind) -> None:
    for step in STEPS:
        if step.action == "type" and "migrate" in step.text and kind.name == "two product models":
            register_the_second_model(place)
        place.follow(step)


def register_the_second_model(place: Place) -> None:
    persona = place.folder / "shop" / "persona.py"
    said = '    item_model = "shop.Product"\n'
    assert said.strip() in (ROOT / "README.md").read_text("utf-8")
    persona.write_text(persona.read_text("utf-8") + said + SECOND_MAP, encoding="utf-8")


def test_a_first_block_takes_at_most_fifteen_changed_lines():
    assert 0 < sum(step.changed_lines() for step in STEPS) <= 15


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_plain_shop_that_follows_the_readme_shows_what_goes_with_a_product(
    tmp_path: Path, kind: Kind
):
    place = build(Place(tmp_path), kind)

    follow_readme(place, kind)

    before, _, block = place.run("python", "look.py", "Kettle").partition("</h1>")
    assert "Kettle" in before
    assert "Teapot" in block
    assert block.find("Teapot") < block.find("Hammer") or "Hammer" not in block
    assert "shop.product" in place.run("python", "manage.py", "persona_status").lower()


def test_status_and_the_page_in_debug_say_why_a_block_is_empty(tmp_path: Path):
    place = build(Place(tmp_path))
    for step in STEPS:
        if step.action != "type":
            place.follow(step)
    place.run("python", "manage.py", "migrate")

    page = place.run("python", "look.py", "Kettle")
    status = place.run("python", "manage.py", "persona_status")

    assert "persona_sync" in page
    assert "persona_sync" in status


def test_without_migrations_the_page_still_renders(tmp_path: Path):
    place = build(Place(tmp_path))
    for step in STEPS:
        if step.action != "type":
            place.follow(step)

    page = place.run("python", "look.py", "Kettle")

    assert "<h1>Kettle</h1>" in page
    assert "migrate" in page
