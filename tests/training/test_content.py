"""What is so new that nobody has come to it is shown beside what is of the same kind."""

from __future__ import annotations

import pytest
from django.test import Client

from persona_django.catalogue import descriptions, state
from persona_django.catalogue.descriptions import read_descriptions
from persona_django.catalogue.models import Item
from persona_django.catalogue.snapshot import current_snapshot
from persona_django.training.rebuild import rebuild, rebuild_all
from tests.factories import family_of, product, read_catalogue
from tests.shop.models import Brand, Product
from tests.training.history import beside, look

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    alp = Brand.objects.create(name="Alp")
    made = {
        "runner": product("Trail runner red", category="Shoes > Trail", brand=alp),
        "racer": product("Trail racer blue", category="Shoes > Trail", brand=alp),
        "boot": product("Winter boot", category="Shoes > Boots", brand=alp),
        "assam": product("Assam tea", category="Drinks > Tea"),
        "ceylon": product("Ceylon tea", category="Drinks > Tea"),
    }
    read_catalogue()
    return made


def test_what_is_alike_stands_beside_it_the_most_alike_first(shop):
    outcome = rebuild("content")

    assert outcome.live, outcome.reason
    assert beside(shop["runner"], "content")[:2] == [
        family_of(shop["racer"]), family_of(shop["boot"]),
    ]  # fmt: skip
    assert beside(shop["assam"], "content") == [family_of(shop["ceylon"])]


def test_a_shop_in_which_nobody_has_bought_anything_has_similar_items(shop):
    rebuild_all()
    state.forget()

    seed = {"seed": f"shop.product:{shop['assam'].pk}", "size": 1}
    answer = Client().get("/persona/api/v1/blocks/similar-items/", seed).json()

    assert answer["title"] == "Similar items"
    (slot,) = answer["slots"]
    assert slot["item"] == f"shop.product:{shop['ceylon'].pk}"
    assert slot["reason"]["text"] == "Of the same kind"


def test_what_shoppers_say_comes_first(shop, settings):
    settings.PERSONA = {
        **settings.PERSONA, "MIN_TRAINING_SHOPPERS": 1, "MIN_LOG_LIKELIHOOD": 0,
    }  # fmt: skip
    look(range(1, 9), [shop["assam"], shop["boot"]])
    look(range(20, 60), [shop["runner"]])
    rebuild_all()
    state.forget()

    seed = {"seed": f"shop.product:{shop['assam'].pk}", "size": 2}
    slots = Client().get("/persona/api/v1/blocks/similar-items/", seed).json()["slots"]

    assert [slot["item"] for slot in slots] == [
        f"shop.product:{shop[name].pk}" for name in ("boot", "ceylon")
    ]


def test_what_is_sensitive_or_gone_takes_no_part(shop, settings):
    settings.PERSONA = {**settings.PERSONA, "SENSITIVE_CATEGORIES": ["Drinks"]}
    Product.objects.filter(pk=shop["boot"].pk).delete()
    read_catalogue()

    rebuild("content", force=True)

    assert beside(shop["assam"], "content") == []
    assert beside(shop["runner"], "content") == [family_of(shop["racer"])]


def test_an_empty_shop_learns_nothing_and_says_so(db):
    read_catalogue()

    outcome = rebuild("content")

    assert not outcome.live
    assert "in common" in outcome.reason


def test_where_nothing_has_anything_in_common_nothing_is_alike(db):
    for name in ("Tea", "Boot", "Lamp"):
        product(name, category=f"{name}s")
    read_catalogue()

    outcome = rebuild("content")

    assert not outcome.live
    assert "in common" in outcome.reason


def test_what_half_the_shop_has_in_common_makes_nothing_alike(db):
    for number in range(30):
        product(f"Thing{number}", category="Shop")
    read_catalogue()

    assert not rebuild("content").live


def test_the_lease_is_kept_while_words_are_counted(shop, monkeypatch):
    monkeypatch.setattr("persona_django.numeric.content.TOLD_EVERY", 2)
    heard = []

    rebuild_all(kinds=("content",), progress=lambda *said: heard.append(said))

    counted = [said[1:] for said in heard if said[0] == "counting words"]
    # Of the titles and of the texts.
    assert counted == 2 * [(0, 5), (2, 5), (4, 5)]


def test_many_products_are_read_page_by_page(shop, monkeypatch):
    monkeypatch.setattr("persona_django.catalogue.descriptions.CHUNK", 2)
    heard = []

    told = read_descriptions(1, current_snapshot(), progress=lambda *done: heard.append(done))

    assert told.texts["title"] == [one.name for one in shop.values()]
    assert told.labels[0] == [
        "brand: Alp", "category: Shoes", "category: Shoes > Trail",
    ]  # fmt: skip
    assert heard == [(2, 5), (4, 5)]
    assert told.rows_read == 5


def test_of_a_long_text_the_beginning_is_read(shop, monkeypatch):
    monkeypatch.setattr(descriptions, "MOST_CHARACTERS", 12)
    Item.objects.filter(title="Assam tea").update(text="Full and \u00fcppig, for milk.")
    snapshot = current_snapshot()

    told = read_descriptions(1, snapshot, progress=lambda done, total: None)

    assert "Full and \u00fcpp" in told.texts["text"]
