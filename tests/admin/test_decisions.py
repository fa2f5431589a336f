"""A merchant finds a decision on a pair again, and stays in the row in which one was taken."""

from __future__ import annotations

import pytest
from django.urls import reverse

from persona_django.catalogue.models import Item
from persona_django.merchandising.models import PairDecision
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair() -> list[int]:
    tea, mug, pot = map(factories.product, ("Green tea", "Stoneware mug", "Iron pot"))
    factories.read_catalogue()
    factories.publish_neighbours("bought-together", {tea: [(mug, 0.61, 214), (pot, 0.5, 99)]})
    return [factories.item_id(one) for one in (tea, mug, pot)]


@pytest.mark.parametrize("verb", ["hide", "show"])
def test_after_hiding_and_showing_the_page_opens_at_the_row(admin_client, pair, verb):
    tea, mug, _ = pair
    page = reverse("admin:persona_item_change", args=[tea])
    address = reverse(f"admin:persona_{verb}_pair", args=[tea, mug])

    shown = admin_client.get(page).content.decode()
    pressed = admin_client.post(address, {"list": "bought-together"})
    foreign = admin_client.post(address, {"list": "//elsewhere.example"})

    assert f'<tr id="bought-together-{mug}">' in shown
    assert 'name="list" value="bought-together"' in shown
    assert pressed.url == f"{page}#bought-together-{mug}"
    assert foreign.url == page


def listed(client, words: str) -> set[str]:
    page = client.get(reverse("admin:persona_pairdecision_changelist"), {"q": words})
    return {decision.reason for decision in page.context_data["cl"].result_list}


def test_decisions_are_searched_by_reason_and_by_title_and_number_of_both_items(
    admin_client, pair
):
    tea, mug, pot = pair
    PairDecision.objects.create(item_id=tea, other_id=mug, reason="odd")
    PairDecision.objects.create(item_id=pot, other_id=tea, reason="heavy")
    PairDecision.objects.create(item_id=mug, other_id=pot, reason="both")
    Item.objects.filter(pk=pot).update(key="4711-x")

    assert listed(admin_client, "odd") == {"odd"}
    assert listed(admin_client, "TEA") == {"odd", "heavy"}
    assert listed(admin_client, "mug green") == {"odd"}
    assert listed(admin_client, "4711-x") == {"heavy", "both"}
    assert listed(admin_client, "4711") == set()


def test_what_an_item_has_is_told_in_words(admin_client, pair):
    attributes = {"colour": "Rust", "season": ["Autumn", "Winter"], "washable": True}
    Item.objects.filter(pk=pair[0]).update(attributes=attributes)

    page = admin_client.get(reverse("admin:persona_item_change", args=pair[:1])).content.decode()

    assert "colour: Rust, season: Autumn / Winter, washable: yes" in page
