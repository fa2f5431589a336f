"""README's "Add it to your shop", followed word for word in shops that are not ours."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.newcomer.recipe import ROOT, Place, section, steps_of
from tests.newcomer.shops import KINDS, Kind, build

SECTION = section((ROOT / "README.md").read_text("utf-8"), "Add it to your shop")
STEPS = tuple(steps_of(SECTION))
TWO_MODELS = "two product models"


def follow_readme(place: Place, kind: Kind) -> None:
    for step in STEPS:
        if step.action == "type" and "migrate" in step.text and kind.name == TWO_MODELS:
            register_the_second_model(place)
        place.follow(step)


def register_the_second_model(place: Place) -> None:
    """What the paragraph about two product models says: a further map, and a line for `Orders`."""
    _, _, said = SECTION.partition("With two product models")
    second_map, line = re.findall(r"^```python\n(.*?)^```|`(item_model = .*?)`", said, re.S | re.M)
    persona = place.folder / "shop" / "persona.py"
    text = persona.read_text("utf-8")
    head = "class Orders(catalogue.OrderMap):\n"
    assert head in text
    text = text.replace(head, f"{head}    {line[1]}\n")
    persona.write_text(f"{text}\n\n{second_map[0]}", encoding="utf-8")


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
    status = " ".join(place.run("python", "manage.py", "persona_status").split())
    if kind.name == TWO_MODELS:
        assert "Registered: shop.product, shop.voucher." in status
        assert "8 on sale, 0 retired." in status
        assert "Voucher of" in block
        assert "/voucher/" in block
    else:
        assert "Registered: shop.product." in status
        assert "6 on sale, 0 retired." in status


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
