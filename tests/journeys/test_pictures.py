"""Drawn pictures: every kind of thing, the same for ever, without asking the database."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest
from django.test import TestCase

from example_shop.pictures.drawing import VIEWS, draw
from example_shop.pictures.kinds import KINDS, UNKNOWN, kind_of
from example_shop.pictures.palette import hex_of
from tests.journeys.shelves import put_on_sale


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_is_drawn_in_every_view(kind):
    drawn = [draw(kind, "c26f4e", seed, view) for view in range(VIEWS) for seed in (0, 1, 5)]

    for picture in drawn:
        assert ElementTree.fromstring(picture).tag.endswith("svg")
        assert "$" not in picture
        assert "style=" not in picture
    assert len(set(drawn[::3])) == VIEWS


@pytest.mark.parametrize(
    ("name", "path", "kind"),
    [
        ("Ridgeline trail runners", "Outdoor > Hiking > Trail shoes", "shoe"),
        ("Coffee mug", "Home > Kitchen", "mug"),
        ("Down sleeping bag", "Outdoor > Camping > Sleeping bags", "sleepingbag"),
        ("Earl grey, 50 bags", "Grocery > Breakfast > Coffee & tea", "packet"),
        ("One of a kind", "Fashion > Women > Dresses", "dress"),
        ("WHITE HANGING HEART T-LIGHT HOLDER", "Gifts", "candle"),
        ("Clear case for Auren Arc phone", "Electronics > Phones > Cases", "case"),
        ("LUNCH BAG APPLE DESIGN", "Gifts", "lunchbox"),
        ("SET OF 3 CAKE TINS", "Gifts", "tin"),
        ("Nonesuch 3000", "Curiosities", UNKNOWN),
        ("", "", UNKNOWN),
    ],
)
def test_a_thing_is_drawn_as_what_its_name_or_else_its_category_says(name, path, kind):
    assert kind_of(name, path) == kind


def test_colours_are_known_by_name_and_invented_otherwise():
    assert hex_of("Navy Blue", 0) == hex_of("navy", 7)
    assert hex_of("", 0) != hex_of("", 1)


class PictureTests(TestCase):
    def test_a_picture_may_be_kept_for_ever_and_costs_no_query(self):
        product = put_on_sale(colour="Moss")
        address = product.gallery[0]

        with self.assertNumQueries(0):
            response = self.client.get(address)

        self.assertEqual(response.headers["Content-Type"], "image/svg+xml")
        self.assertIn("immutable", response.headers["Cache-Control"])
        self.assertNotIn("Cookie", response.headers.get("Vary", ""))
        self.assertFalse(response.cookies)

    def test_every_picture_of_a_product_is_another_one(self):
        gallery = put_on_sale().gallery

        drawn = {self.client.get(address).content for address in gallery}

        self.assertEqual(len(drawn), len(gallery))

    def test_variants_differ_in_colour_only(self):
        moss, rust = (
            put_on_sale("Wool tee", family="tee", colour=colour) for colour in ("Moss", "Rust")
        )

        parts = [product.gallery[0].split("-") for product in (moss, rust)]

        self.assertNotEqual(parts[0][1], parts[1][1])
        self.assertEqual(parts[0][2:], parts[1][2:])

    def test_what_nobody_drew_is_not_found(self):
        for address in (
            "/picture/dragon-c26f4e-1-0.svg",
            "/picture/mug-c26f4e-1-9.svg",
            "/picture/mug-c26f4e-99999999-0.svg",
            "/picture/mug-zzzzzz-1-0.svg",
        ):
            with self.subTest(address):
                self.assertEqual(self.client.get(address).status_code, 404)
