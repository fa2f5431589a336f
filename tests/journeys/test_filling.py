"""What loaders rely on after they filled the tables in bulk."""

from __future__ import annotations

from decimal import Decimal

from django.test import TestCase
from django.utils import timezone

from example_shop.bestsellers import recount
from example_shop.families import arrange
from example_shop.models import Category, Face, Order, Product
from tests.journeys.shelves import order_of, put_on_sale


class FillingTests(TestCase):
    def test_a_path_plants_the_categories_above_it_once(self):
        leaf = Category.objects.at_path("Shoes > Trail > Men")
        again = Category.objects.at_path("Shoes > Trail > Men")

        self.assertEqual(leaf, again)
        self.assertEqual(
            list(Category.objects.order_by("path").values_list("path", "slug")),
            [
                ("Shoes", "shoes"),
                ("Shoes > Trail", "shoes/trail"),
                ("Shoes > Trail > Men", "shoes/trail/men"),
            ],
        )

    def test_names_that_look_alike_in_an_address_get_one_each(self):
        slugs = {Category.objects.at_path(name).slug for name in ("T-shirts", "T shirts", "衣")}

        self.assertEqual(len(slugs), 3)

    def test_one_variant_stands_for_its_family_and_one_in_stock_for_each_colour(self):
        for colour in ("Moss", "Rust", "Sand"):
            put_on_sale("Tee", family="tee", colour=colour, size="S", stock=0)
            put_on_sale("Tee", family="tee", colour=colour, size="M", stock=3)
        put_on_sale("Mug")

        changed = arrange()

        faces = Product.objects.filter(family="tee").order_by("id").values_list("size", "face")
        self.assertEqual(changed, 5)
        self.assertEqual([face for size, face in faces if size == "S"], [Face.VARIANT] * 3)
        self.assertCountEqual(
            [face for size, face in faces if size == "M"],
            [Face.FAMILY, Face.COLOUR, Face.COLOUR],
        )
        self.assertEqual(arrange(), 0)

    def test_sold_pieces_are_counted_by_family_net_of_refunds_and_unpaid_orders(self):
        small, large = (put_on_sale("Tee", family="tee", size=size) for size in "SL")
        mug = put_on_sale("Mug", sold=99)
        lamp = put_on_sale("Lamp", sold=99)
        order_of(None, small, mug, quantity=3)
        order_of(None, large, quantity=2)
        order_of(None, lamp, paid=False)
        line = Order.objects.get(lines__product=mug).lines.get(product=mug)
        line.refunded, line.refunded_at = 1, timezone.now()
        line.save()

        recount()

        self.assertEqual(
            dict(Product.objects.values_list("pk", "sold")),
            {small.pk: 5, large.pk: 5, mug.pk: 2, lamp.pk: 0},
        )

    def test_a_discount_is_said_in_whole_per_cent(self):
        product = put_on_sale(price=Decimal("66.66"), list_price=Decimal("100.00"))

        self.assertEqual(product.discount_percent, 33)
        self.assertEqual(put_on_sale(list_price=Decimal(1)).discount_percent, 0)
