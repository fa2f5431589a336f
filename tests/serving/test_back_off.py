"""Where too little goes with an item, the next wider level speaks, and says which it is."""

from __future__ import annotations

import pytest
from django.test import override_settings
from django.utils import translation

from persona_django.serving.recommend import recommend
from tests.factories import product, products, publish_neighbours, publish_popular, read_catalogue
from tests.shop.models import Brand, Product

pytestmark = pytest.mark.django_db

SIMILAR = "/persona/api/v1/blocks/similar-items/"


@pytest.fixture
def shop() -> dict[str, Product]:
    """One product for each level of the seed, each more popular than the nearer ones."""
    kusmi = Brand.objects.create(name="Kusmi")
    black = "Drinks > Tea > Black tea"
    return {
        "seed": product("Assam", category=black, brand=kusmi),
        "family": product("Strainer", category="Kitchen"),
        "sub-category": product("Ceylon", category=black),
        "category above": product("Sencha", category="Drinks > Tea > Green tea"),
        "department": product("Juice", category="Drinks > Juice"),
        "brand": product("Tin", category="Kitchen", brand=kusmi),
        "shop": product("Sock", category="Clothes"),
        "new": product("Shirt", category="Clothes"),
    }


def learn(shop: dict[str, Product], *levels: str) -> None:
    read_catalogue()
    publish_neighbours("similar", {shop["seed"]: [(shop["family"], 0.9, 40)]})
    publish_popular([shop[level] for level in levels])


POPULAR = ("shop", "brand", "department", "category above", "sub-category")


def told(slate) -> list[tuple[str, str, str]]:
    return [(slot.title, slot.reason.level, slot.reason.text) for slot in slate]


def test_every_level_speaks_in_its_turn_and_names_itself(shop):
    learn(shop, *POPULAR)

    slate = recommend(None, "similar-items", seeds=[shop["seed"]], size=9)

    assert told(slate) == [
        ("Strainer", "family", "More than 20 shoppers liked both"),
        ("Ceylon", "sub-category", "Popular in Black tea"),
        ("Sencha", "sub-category", "Popular in Tea"),
        ("Juice", "category", "Popular in Drinks"),
        ("Tin", "brand", "Popular from Kusmi"),
        ("Sock", "shop", "Popular in our shop"),
        ("Shirt", "shop", "New in our shop"),
    ]


@pytest.mark.parametrize("unknown", POPULAR)
def test_a_level_of_which_nothing_is_known_is_passed_over(shop, unknown):
    learn(shop, *(level for level in POPULAR if level != unknown))

    slate = recommend(None, "similar-items", seeds=[shop["seed"]], size=5)

    assert shop[unknown].name not in [slot.title for slot in slate]
    assert len(slate) == 5


def test_before_anything_is_popular_the_newest_come_level_by_level(shop):
    read_catalogue()

    slate = recommend(None, "similar-items", seeds=[shop["seed"]], size=9)

    assert told(slate) == [
        ("Ceylon", "sub-category", "New in Black tea"),
        ("Sencha", "sub-category", "New in Tea"),
        ("Juice", "category", "New in Drinks"),
        ("Tin", "brand", "New from Kusmi"),
        ("Shirt", "shop", "New in our shop"),
        ("Sock", "shop", "New in our shop"),
        ("Strainer", "shop", "New in our shop"),
    ]


def test_variants_are_one_family_at_every_level(shop):
    for colour in ("red", "blue"):
        product("Darjeeling", category="Drinks > Tea > Black tea", family="d", colour=colour)
    red = Product.objects.get(colour="red")
    read_catalogue()
    publish_popular([red, shop["sub-category"]])

    slate = recommend(None, "similar-items", seeds=[shop["seed"]], size=2)

    assert told(slate) == [
        ("Darjeeling", "sub-category", "Popular in Black tea"),
        ("Ceylon", "sub-category", "Popular in Black tea"),
    ]
    assert "Darjeeling" not in [
        slot.title for slot in recommend(None, "similar-items", seeds=[red], size=9)
    ]


def test_the_level_is_told_over_rest_and_in_templates(shop, client):
    learn(shop, *POPULAR)

    answer = client.get(SIMILAR, {"seed": f"shop.product:{shop['seed'].pk}", "size": 5}).json()
    page = client.get(shop["seed"].get_absolute_url()).content.decode()

    assert [slot["reason"] for slot in answer["slots"]][1::3] == [
        {"code": "popular-nearby", "text": "Popular in Black tea", "level": "sub-category"},
        {"code": "popular-brand", "text": "Popular from Kusmi", "level": "brand"},
    ]
    assert "Popular in Black tea" in page


def test_in_another_language_categories_are_not_named_and_brands_are(shop):
    """The catalogue was read in the shop's own language, and knows its categories in no other."""
    learn(shop, *POPULAR)

    with translation.override("de"):
        slate = recommend(None, "similar-items", seeds=[shop["seed"]], size=5)

    assert [text for _, _, text in told(slate)[1:]] == [
        *["Popular among products of this kind"] * 3,
        "Popular from Kusmi",
    ]
    assert [level for _, level, _ in told(slate)[1:3]] == ["sub-category"] * 2


@override_settings(PERSONA={"REASONS": False})
def test_a_shop_that_shows_no_sentences_still_knows_the_level(shop):
    learn(shop, *POPULAR)

    slate = recommend(None, "similar-items", seeds=[shop["seed"]], size=2)

    assert told(slate) == [("Strainer", "family", ""), ("Ceylon", "sub-category", "")]


def test_markup_in_the_name_of_a_category_is_no_markup_on_the_page(client):
    seed, other = products(2, category="Drinks > Tea & <img src=x onerror=alert(1)")
    read_catalogue()
    publish_popular([other])

    page = client.get(seed.get_absolute_url()).content.decode()

    assert "Popular in Tea &amp; &lt;img src=x onerror=alert(1)" in page


@pytest.mark.parametrize("block", ["popular", "trending", "new-arrivals", "for-you"])
def test_where_nothing_is_started_from_nothing_is_near_to_it(shop, block):
    learn(shop, *POPULAR)

    slate = recommend(None, block)

    assert len(slate) == 6
    assert {slot.reason.level for slot in slate} == {""}


def test_a_block_that_may_be_given_an_item_tells_how_near_to_it_its_fallbacks_are(shop):
    learn(shop, *POPULAR)

    slate = recommend(None, "for-you", seeds=[shop["seed"]], size=5)

    assert [level for _, level, _ in told(slate)] == [
        "sub-category", "sub-category", "category", "brand", "shop",
    ]  # fmt: skip
