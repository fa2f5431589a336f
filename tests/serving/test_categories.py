"""A block of one category alone: what is in it and below it, on category pages and anywhere."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.template import engines
from django.test import Client, RequestFactory, override_settings
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy

from persona_django import counters, prepare
from persona_django.blocks.shelf import Shelf
from persona_django.exceptions import BadCategory
from persona_django.serving.asks import ask_of
from persona_django.serving.recommend import recommend
from tests.factories import (
    mapped,
    product,
    publish_neighbours,
    publish_popular,
    publish_trending,
    read_catalogue,
)
from tests.shop.models import Category, Product

pytestmark = pytest.mark.django_db

POPULAR = "/persona/api/v1/blocks/popular/"


@pytest.fixture
def shop() -> dict[str, Product]:
    made = {
        "Assam": product("Assam", category="Drinks > Tea > Black tea"),
        "Sencha": product("Sencha", category="Drinks > Tea > Green tea"),
        "Juice": product("Juice", category="Drinks > Juice"),
        "Teapot": product("Teapot", category="Kitchen > Tea"),
        "Sock": product("Sock", category="Clothes"),
    }
    read_catalogue()
    publish_popular([made[name] for name in ("Sock", "Juice", "Assam", "Teapot")])
    return made


def titles(slate: Any) -> list[str]:
    return [slot.title for slot in slate]


@pytest.mark.parametrize(
    "category",
    [
        "Drinks > Tea",
        "drinks>TEA",
        ("Drinks", "Tea"),
        ["Drinks", " Tea "],
        gettext_lazy("Drinks > Tea"),
    ],
)
def test_only_what_is_in_the_category_or_below_it_is_shown(shop, category):
    slate = recommend(None, "popular", category=category, size=9)

    assert titles(slate) == ["Assam", "Sencha"]
    assert [(slot.reason.level, slot.reason.text) for slot in slate] == [
        ("sub-category", "Popular in Tea"),
        ("sub-category", "New in Tea"),
    ]


def test_what_is_sought_after_there_says_so(shop):
    publish_trending([shop["Juice"], shop["Sock"], shop["Sencha"]])

    slate = recommend(None, "trending", category="Drinks", size=9)

    assert titles(slate) == ["Juice", "Sencha", "Assam"]
    assert slate.slots[0].reason.text == "Sought after in Drinks right now"
    assert slate.title == "Sought after right now"


def test_a_category_at_the_top_and_one_without_a_name_of_its_own(shop):
    assert titles(recommend(None, "new-arrivals", category="Drinks")) == [
        "Juice",
        "Sencha",
        "Assam",
    ]
    # "Tea" alone is at the top of no path.
    assert titles(recommend(None, "popular", category="Tea")) == []


def test_every_block_keeps_to_it(shop):
    publish_neighbours(
        "similar", {shop["Assam"]: [(shop["Sock"], 0.9, 40), (shop["Sencha"], 0.8, 30)]}
    )

    asked = {"seeds": [shop["Assam"]], "size": 9}

    assert titles(recommend(None, "similar-items", **asked))[0] == "Sock"
    within = recommend(None, "similar-items", category="Drinks", **asked)
    assert titles(within) == ["Sencha", "Juice"]


def test_what_sold_out_makes_room_for_what_is_in_it_as_well(shop):
    Product.objects.exclude(name="Sencha").update(stock=0)

    assert titles(recommend(None, "popular", category="Drinks", size=1)) == ["Sencha"]


@override_settings(PERSONA={"SENSITIVE_CATEGORIES": ["Drinks > Tea"]})
def test_what_is_sensitive_is_not_shown_there_either():
    product("Assam", category="Drinks > Tea")
    product("Juice", category="Drinks")
    read_catalogue()

    assert titles(recommend(None, "new-arrivals", category="Drinks")) == ["Juice"]
    assert titles(recommend(None, "new-arrivals", category="Drinks > Tea")) == []


def test_a_category_that_is_in_no_catalogue_is_empty_and_says_what_to_write(shop):
    slate = recommend(None, "popular", category="Toys")

    assert not slate
    assert "no product in this category" in slate.why_empty
    assert "Clothes" in slate.why_empty


def test_a_shop_without_categories_has_nothing_in_one():
    Product.objects.create(name="Tea", price="4.50")
    read_catalogue()

    assert titles(recommend(None, "new-arrivals")) == ["Tea"]
    assert not recommend(None, "new-arrivals", category="Drinks")


def test_a_family_stands_where_what_is_left_of_it_stands():
    gone = product("Small", category="Old > X", family="one")
    product("Large", category="Old > X", family="one")
    product("Other", category="Old > X")
    read_catalogue()
    gone.delete()
    read_catalogue()
    Category.objects.update(path="New > X")
    read_catalogue()

    assert titles(recommend(None, "new-arrivals", category="New > X")) == ["Other", "Large"]
    assert titles(recommend(None, "new-arrivals", category="Old")) == []


def test_a_category_in_which_only_a_second_variant_stands_is_empty():
    product("Plain", category="Plain", family="one")
    product("Deep", category="Y > Z > W", family="one")
    read_catalogue()

    for path in ("Y > Z > W", "Y > Z"):
        assert not recommend(None, "popular", category=path)
    assert "block_failed" not in counters.counts()


def test_what_lies_below_the_eighth_level_counts_as_the_eighth():
    path = " > ".join("abcdefghi")
    product("Deep", category=path)
    read_catalogue()

    assert titles(recommend(None, "new-arrivals", category=path)) == ["Deep"]
    assert titles(recommend(None, "new-arrivals", category=" > ".join("abcdefgh"))) == ["Deep"]


def test_a_page_of_categories_alone_does_not_fetch_for_every_block_each_time(shop, monkeypatch):
    fetched: list[int] = []

    def fetch(self: Shelf, item_ids: Any) -> None:
        asked = list(item_ids)
        fetched.append(len(asked))
        really(self, asked)

    really = Shelf.fetch
    monkeypatch.setattr(Shelf, "fetch", fetch)
    for _ in range(2):
        fetched.clear()
        request = RequestFactory().get("/")
        request.resolver_match = SimpleNamespace(view_name="category", route="", func=titles)
        recommend(request, "popular", category="Drinks", size=1)

    assert max(fetched) <= 2


class TestWhatNamesIt:
    def test_the_shop_s_own_category_object(self, shop):
        tea = Category.objects.get(path="Drinks > Tea > Black tea")

        for given in (tea, SimpleLazyObject(lambda: tea)):
            assert titles(recommend(None, "popular", category=given)) == ["Assam"]

    def test_an_object_of_which_no_map_tells_a_path(self, shop):
        with mapped(Product, category="name"), pytest.raises(BadCategory, match="Write its path"):
            ask_of("popular", category=Category.objects.first())

    @pytest.mark.parametrize("nothing", ["", " ", [], 5, object(), Product(pk=1)])
    def test_what_is_none_is_refused_with_what_to_write(self, nothing):
        with pytest.raises(BadCategory, match=r"Write its path from the top"):
            ask_of("popular", category=nothing)

    def test_a_page_with_a_misspelt_variable_goes_on_and_the_log_says_why(self, shop):
        page = engines["django"].from_string(
            "{% load persona %}<p>{% persona_block 'popular' category=categry.path %}</p>"
        )

        assert page.render({}, RequestFactory().get("/")) == "<p></p>"
        assert counters.counts()["not_possible"] == 1


class TestDoors:
    def test_template_tags(self, shop):
        page = engines["django"].from_string(
            "{% load persona %}{% persona_block 'popular' category='Kitchen' %}"
            "{% persona_slots 'popular' category='Clothes' as slots %}"
            "{% for slot in slots %}[{{ slot.title }}]{% endfor %}"
        )

        html = page.render({}, RequestFactory().get("/"))

        assert "Popular in Kitchen" in html and "Teapot" in html and "[Sock]" in html
        assert "Juice" not in html

    def test_rest(self, shop):
        found = Client().get(POPULAR, {"category": "Drinks > Tea"}).json()

        assert [slot["title"] for slot in found["slots"]] == ["Assam", "Sencha"]

    @pytest.mark.parametrize("query", ["category=a&category=b", f"category={'x' * 301}"])
    def test_rest_refuses_what_it_cannot_take(self, query):
        refused = Client().get(f"{POPULAR}?{query}")

        assert refused.status_code == 400
        assert "category" in refused.json()

    def test_an_async_page_prepares_it(self, shop):
        request = RequestFactory().get("/")
        async_to_sync(prepare)(request, "popular", category="Kitchen")

        assert titles(recommend(request, "popular", category="Kitchen")) == ["Teapot"]

    def test_two_blocks_of_one_page_show_their_own_categories(self, shop):
        request = RequestFactory().get("/")

        first = recommend(request, "popular", category="Drinks")
        second = recommend(request, "popular", category="Kitchen")

        assert titles(first) == ["Juice", "Assam", "Sencha"]
        assert titles(second) == ["Teapot"]
