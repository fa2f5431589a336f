"""From the cart over the checkout to an order."""

from __future__ import annotations

from decimal import Decimal

from django.test import TestCase, TransactionTestCase

from example_shop.models import Company, Order, Product
from persona_django.catalogue.models import Item
from persona_django.catalogue.snapshot import build_snapshot
from persona_django.catalogue.sync import sync
from persona_django.tracking.models import Event
from persona_django.tracking.orders import read_orders
from persona_django.tracking.schema import Kind
from tests.journeys.shelves import ADDRESS, OwnQueries, customer, order_of, put_on_sale


class CartTests(TestCase):
    def add(self, product: Product, quantity: object = 1):
        return self.client.post(
            "/cart/add/", {"product": product.pk, "quantity": quantity}, follow=True
        )

    def test_what_is_added_is_in_the_cart_with_its_total(self):
        mug = put_on_sale("Oslo mug", price=Decimal("12.50"))

        self.add(mug, 2)
        response = self.add(mug, 1)

        cart = response.context["cart"]
        self.assertEqual([(line.product, line.quantity) for line in cart.lines], [(mug, 3)])
        self.assertContains(response, "€37.50")

    def test_no_more_can_be_added_than_there_are(self):
        mug = put_on_sale(stock=2)

        response = self.add(mug, 3)

        self.assertContains(response, "Only 2 of Oslo mug left")
        self.assertEqual(len(self.client.get("/cart/").context["cart"]), 0)

    def test_nonsense_is_one_piece_or_nothing(self):
        mug = put_on_sale(stock=500)

        self.add(mug, "many")
        hidden = self.client.post("/cart/add/", {"product": put_on_sale(is_active=False).pk})
        nothing = self.client.post("/cart/add/", {"product": "1; drop table"})

        self.assertEqual(len(self.client.get("/cart/").context["cart"]), 1)
        self.assertEqual([hidden.status_code, nothing.status_code], [404, 404])

    def test_pieces_can_be_changed_and_removed(self):
        mug, lamp = put_on_sale("Oslo mug"), put_on_sale("Desk lamp")
        self.add(mug)
        self.add(lamp)

        self.client.post("/cart/change/", {"product": mug.pk, "quantity": 5})
        self.client.post("/cart/change/", {"product": lamp.pk, "quantity": 1, "remove": 1})

        cart = self.client.get("/cart/").context["cart"]
        self.assertEqual([(line.product, line.quantity) for line in cart.lines], [(mug, 5)])

    def test_a_product_that_left_the_shop_leaves_the_cart(self):
        mug = put_on_sale()
        self.add(mug)
        Product.objects.update(is_active=False)

        self.assertContains(self.client.get("/cart/"), "Nothing in it yet")

    def test_what_is_in_the_cart_is_in_no_row_of_any_page(self):
        mug, lamp, _ = put_on_sale("Oslo mug"), put_on_sale("Desk lamp"), put_on_sale("Clock")
        user = customer()
        order_of(user, lamp)
        sync()
        build_snapshot()
        self.client.force_login(user)
        pages = [mug.get_absolute_url(), "/account/"]
        for page in pages:
            self.assertIn(lamp, self.recommended(page), page)

        self.add(lamp)

        for page in pages:
            self.assertNotIn(lamp, self.recommended(page), page)

    def recommended(self, page: str) -> list[Product]:
        """Every product in a row of persona_django on one page."""
        contexts = self.client.get(page).context
        slates = [one["slate"] for one in contexts if "slate" in one]
        return [slot.product for slate in slates for slot in slate]

    def test_the_cart_survives_signing_in(self):
        customer()
        self.add(put_on_sale())

        self.client.post("/sign-in/", {"username": "ada@example.com", "password": "open sesame"})

        self.assertEqual(len(self.client.get("/cart/").context["cart"]), 1)

    def test_a_full_cart_takes_as_few_queries_as_an_empty_one(self):
        for number in range(12):
            self.add(put_on_sale(f"Mug {number}"))

        with OwnQueries() as queries:
            self.client.get("/cart/")

        self.assertLessEqual(queries.count, 3)


class CheckoutTests(TestCase):
    def setUp(self):
        self.mug = put_on_sale("Oslo mug", price=Decimal("12.50"), stock=5)
        self.client.post("/cart/add/", {"product": self.mug.pk, "quantity": 2})

    def test_a_guest_orders_sees_the_order_and_nobody_else_does(self):
        response = self.client.post("/checkout/", ADDRESS, follow=True)

        order = Order.objects.get()
        self.assertRedirects(response, order.get_absolute_url())
        self.assertContains(response, "Thank you!")
        self.assertEqual(
            (order.total, order.email, order.paid), (Decimal(25), ADDRESS["email"], True)
        )
        self.assertIsNone(order.user)
        self.assertEqual(self.client_class().get(order.get_absolute_url()).status_code, 404)

    def test_an_order_takes_the_pieces_from_the_shelf_and_empties_the_cart(self):
        self.client.post("/checkout/", ADDRESS)

        self.mug.refresh_from_db()
        self.assertEqual((self.mug.stock, self.mug.sold), (3, 2))
        self.assertEqual(len(self.client.get("/cart/").context["cart"]), 0)

    def test_selling_one_size_counts_for_the_whole_family(self):
        sizes = [put_on_sale("Wool tee", family="tee", size=size) for size in "SML"]
        self.client.post("/cart/add/", {"product": sizes[1].pk})

        self.client.post("/checkout/", ADDRESS)

        self.assertEqual(set(Product.objects.filter(family="tee").values_list("sold")), {(1,)})

    def test_when_somebody_was_faster_nothing_is_sold_and_the_customer_is_told(self):
        lamp = put_on_sale("Desk lamp", stock=1)
        self.client.post("/cart/add/", {"product": lamp.pk})
        Product.objects.filter(pk=lamp.pk).update(stock=0)

        response = self.client.post("/checkout/", ADDRESS, follow=True)

        self.assertContains(response, "Desk lamp is sold out in the quantity you want")
        self.assertFalse(Order.objects.exists())
        self.mug.refresh_from_db()
        self.assertEqual(self.mug.stock, 5)

    def test_an_address_that_is_not_complete_is_asked_for_again(self):
        response = self.client.post("/checkout/", {**ADDRESS, "email": "nobody", "street": ""})

        self.assertEqual(set(response.context["form"].errors), {"email", "street"})
        self.assertFalse(Order.objects.exists())

    def test_a_customer_orders_for_the_company_and_need_not_type_the_address_again(self):
        birch = Company.objects.create(name="Birchwood")
        ada = customer(company=birch)
        order_of(ada, self.mug, street="Canal Street 5", city="Berlin", country="Austria")
        self.client.force_login(ada)
        self.client.post("/cart/add/", {"product": self.mug.pk})

        form = self.client.get("/checkout/").context["form"]
        self.client.post("/checkout/", ADDRESS)

        self.assertEqual(form.initial["street"], "Canal Street 5")
        self.assertEqual(form.initial["country"], "Austria")
        order = Order.objects.latest("id")
        self.assertEqual((order.user, order.company), (ada, birch))

    def test_an_empty_cart_has_no_checkout(self):
        self.assertRedirects(self.client_class().get("/checkout/"), "/cart/")


class ToldTests(TransactionTestCase):
    """What the shop's cart and checkout tell of a shopper who agreed."""

    def setUp(self):
        self.client.cookies["shop_consent"] = "accepted"
        self.client.defaults["HTTP_USER_AGENT"] = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
        self.mug = put_on_sale("Oslo mug", price=Decimal("12.50"))
        sync()
        self.client.get("/")

    def told(self) -> list[tuple[int, int, int | None]]:
        rows = Event.objects.exclude(kind=Kind.VIEW).order_by("id")
        return list(rows.values_list("kind", "quantity", "price"))

    def test_a_cart_that_is_filled_and_emptied_is_told_with_its_pieces(self):
        self.client.post("/cart/add/", {"product": self.mug.pk, "quantity": 2})
        self.client.post("/cart/change/", {"product": self.mug.pk, "remove": 1})

        self.assertEqual(self.told(), [(Kind.CART_ADD, 2, 1_250), (Kind.CART_REMOVE, 1, None)])

    def test_who_placed_an_order_is_told_and_what_stands_in_it_is_read_from_the_shop(self):
        self.client.post("/cart/add/", {"product": self.mug.pk})

        self.client.post("/checkout/", ADDRESS)

        noted = Event.objects.get(kind=Kind.ORDERED)
        lines = read_orders()
        self.assertEqual(lines.order.tolist(), [noted.order])
        self.assertEqual(lines.item.tolist(), list(Item.objects.values_list("pk", flat=True)))
        self.assertFalse(Event.objects.filter(kind=Kind.PURCHASE).exists())

    def test_who_refused_is_told_of_nowhere(self):
        self.client.cookies["shop_consent"] = "refused"

        self.client.post("/cart/add/", {"product": self.mug.pk})
        self.client.post("/checkout/", ADDRESS)

        self.assertFalse(Event.objects.exists())
