"""Vectors of the shop's own say what is alike where words do not."""

from __future__ import annotations

import numpy as np
import pytest

from persona_django import catalogue
from persona_django.catalogue import registry
from persona_django.training.rebuild import rebuild
from tests.factories import family_of, product, read_catalogue
from tests.shop.models import Product
from tests.training.history import beside

pytestmark = pytest.mark.django_db
NAMES = ("Sneaker", "Trainer", "Kettle", "Teapot")
CLOSE = {"Sneaker": [1, 0, 0.1], "Trainer": [1, 0, 0], "Kettle": [0, 1, 0], "Teapot": [0, 1, 0.2]}


@pytest.fixture
def shop():
    return {name: product(name, category=f"All > {name}s") for name in NAMES}


@pytest.fixture
def learnt(shop):
    """Learns what is alike in a shop whose products have these vectors, by name."""
    asked = []

    def learn(vectors, **declared):
        def vector(self, obj):
            asked.append(obj.name)
            return vectors.get(obj.name)

        named = {"title": "name", "price": "price", "url": "get_absolute_url", "vector": vector}
        own = type("ProductItems", (catalogue.ItemMap,), {**named, **declared})
        with registry.isolated() as shops:
            shops.add(Product, own)
            shops.settle()
            read_catalogue()
            asked.clear()
            return rebuild("content", force=True)

    learn.asked = asked
    return learn


def test_what_has_no_word_in_common_is_alike_by_its_vector(shop, learnt):
    assert learnt(CLOSE).live

    for one, other in (("Sneaker", "Trainer"), ("Kettle", "Teapot")):
        assert beside(shop[one], "content")[0] == family_of(shop[other])
        assert beside(shop[other], "content")[0] == family_of(shop[one])
    # Each product is asked once.
    assert sorted(learnt.asked) == sorted(NAMES)


@pytest.mark.parametrize("kind", [list, tuple, np.array], ids=lambda kind: kind.__name__)
def test_lists_tuples_and_arrays_are_vectors(shop, learnt, kind):
    assert learnt({name: kind(vector) for name, vector in CLOSE.items()}).live

    assert beside(shop["Kettle"], "content")[0] == family_of(shop["Teapot"])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ([1, 2], "another length than the 3 numbers"),
        ([float("nan"), 0, 0], "points nowhere"),
        ([0, 0, 0], "points nowhere"),
        ("1,2,3", "is str, not a list of numbers"),
        ([[1, 0, 0]], "has the shape (1, 3)"),
        ([1, "x", 0], "is list, not a list of numbers"),
    ],
)
def test_what_is_no_vector_is_left_out_and_told(shop, learnt, caplog, wrong, said):
    assert learnt({**CLOSE, "Teapot": wrong}).live

    assert said in caplog.text and "persona.py" in caplog.text
    assert beside(shop["Sneaker"], "content")[0] == family_of(shop["Trainer"])
    assert beside(shop["Kettle"], "content") == []


def test_who_has_none_is_compared_by_words(shop, learnt, caplog):
    assert learnt({**CLOSE, "Teapot": None}).live

    assert beside(shop["Kettle"], "content") == []
    assert not caplog.records


def test_a_product_whose_vector_raises_keeps_no_other_from_theirs(shop, learnt, caplog):
    def vector(self, obj):
        if obj.name == "Teapot":
            raise KeyError("lost")
        return CLOSE[obj.name]

    assert learnt({}, vector=vector).live

    assert beside(shop["Sneaker"], "content")[0] == family_of(shop["Trainer"])
    assert "vector failed with KeyError" in caplog.text


def test_variants_stand_where_the_middle_of_their_vectors_is(shop, learnt):
    two = product("Teapot, large", category="All > Teapots")

    learnt(
        {
            "Sneaker": [1, 1, 0],
            "Trainer": [0, 0, 1],
            "Kettle": [1, 0, 0],
            "Teapot, large": [0, 1, 0],
        },
        group=lambda self, obj: "one" if obj.name.startswith(("Kettle", "Teapot")) else obj.pk,
    )

    assert beside(two, "content")[0] == family_of(shop["Sneaker"])
