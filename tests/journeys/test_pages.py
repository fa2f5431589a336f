"""What holds for every page: well formed, named, safe, and the same shop around it."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.template.loader import render_to_string
from django.test import TestCase, override_settings

from example_shop.models import Company
from tests.journeys.markup import Page
from tests.journeys.shelves import OwnQueries, customer, order_of, put_on_sale


@override_settings(SHOP_DEMO=True, SHOP_REFUND_AT_ONCE=True)
class EveryPageTests(TestCase):
    def setUp(self):
        birch = Company.objects.create(name="Birch & <Wood>")
        self.ada = customer(company=birch, note="Coffee & tea")
        self.products = [
            put_on_sale(
                "Wool <tee> & co",
                family="tee",
                colour=colour,
                size=size,
                description="Soft.\n\nWarm.",
                list_price=Decimal(20),
            )
            for colour in ("Moss", "Rust")
            for size in "SM"
        ]
        self.products += [put_on_sale(f"Mug {number}") for number in range(26)]
        put_on_sale("Gone", stock=0, brand="")
        self.order = order_of(self.ada, *self.products[:3], quantity=2, company=birch)

    def addresses(self) -> list[str]:
        return [
            "/",
            "/about/",
            "/privacy/",
            "/c/home/",
            "/c/home/kitchen/mugs/?colour=Moss&sort=newest&page=1",
            "/sale/",
            "/new/?page=2",
            "/search/",
            "/search/?q=mug",
            "/search/?q=%22%3E%3Cb%3E",
            "/cart/",
            "/checkout/",
            self.products[0].get_absolute_url(),
            self.products[-1].get_absolute_url(),
        ]

    def check(self, response, status: int = 200) -> None:
        page = Page(response.content.decode())

        self.assertEqual(response.status_code, status)
        self.assertEqual(page.faults, [])
        self.assertContains(response, "Nothing here can really be bought", status_code=status)
        policy = response.headers["Content-Security-Policy"]
        self.assertIn("script-src 'self';", policy)
        self.assertNotIn("unsafe", policy)

    def test_a_visitor_s_pages(self):
        self.client.post("/cart/add/", {"product": self.products[0].pk})
        for address in [*self.addresses(), "/sign-in/", "/register/"]:
            with self.subTest(address):
                self.check(self.client.get(address))

    def test_a_customer_s_pages(self):
        self.client.force_login(self.ada)
        self.client.post("/cart/add/", {"product": self.products[0].pk})
        for address in [*self.addresses(), "/account/", self.order.get_absolute_url()]:
            with self.subTest(address):
                self.check(self.client.get(address))

    def test_pages_with_blocks(self):
        call_command("persona_sync", verbosity=0)
        self.client.force_login(self.ada)

        product = self.client.get(self.products[5].get_absolute_url())
        account = self.client.get("/account/")

        with OwnQueries() as queries:
            self.client.get(self.products[6].get_absolute_url())

        # Session, user, product, and one for all products of both blocks; the family has none.
        self.assertLessEqual(queries.count, 5)
        self.assertContains(product, "persona-block--similar-items")
        self.assertContains(product, 'class="card-name"')
        self.check(product)
        self.assertContains(account, "persona-block--reorder")
        self.check(account)

    def test_forms_that_were_filled_in_wrongly(self):
        self.client.post("/cart/add/", {"product": self.products[0].pk})
        for address in ("/checkout/", "/register/", "/sign-in/"):
            with self.subTest(address):
                self.check(self.client.post(address, {"email": "nobody"}))

    def test_an_address_that_does_not_exist(self):
        response = self.client.get("/no/such/page/")

        self.check(response, 404)
        self.assertContains(response, "This page is not here", status_code=404)

    def test_nothing_changes_by_following_a_link(self):
        for address in ("/cart/add/", "/cart/change/", "/consent/", "/sign-out/"):
            with self.subTest(address):
                self.assertEqual(self.client.get(address).status_code, 405)

    def test_staff_see_the_shop_s_tables_in_the_admin(self):
        boss = get_user_model().objects.create_superuser("boss", "boss@example.com", "open sesame")
        self.client.force_login(boss)
        for name in ("category", "brand", "product", "company", "customer", "order", "refund"):
            with self.subTest(name):
                self.assertEqual(self.client.get(f"/admin/shop/{name}/").status_code, 200)
        for row in (self.products[0], self.order):
            name = row._meta.model_name
            response = self.client.get(f"/admin/shop/{name}/{row.pk}/change/")
            self.assertEqual(response.status_code, 200)


def test_the_page_for_our_own_faults_needs_neither_database_nor_request():
    page = Page(render_to_string("500.html"))

    assert page.faults == []


@pytest.mark.django_db
def test_even_a_page_that_fails_is_a_page_of_the_shop(client, monkeypatch):
    monkeypatch.setattr("example_shop.showcase.build", lambda: 1 / 0)
    client.raise_request_exception = False

    response = client.get("/")

    assert response.status_code == 500
    assert b"It was us, not you" in response.content


def test_every_class_in_the_pages_has_a_look():
    shop = Path(__file__).resolve().parents[2] / "example_shop"
    sheet = (shop / "static" / "shop" / "shop.css").read_text()
    known = set(re.findall(r"\.([a-z][\w-]*)", sheet))
    used: set[str] = set()
    for template in (shop / "templates").rglob("*.html"):
        markup = re.sub(r"{%.*?%}|{{.*?}}|{#.*?#}", "", template.read_text(), flags=re.S)
        for classes in re.findall(r'class="([^"]*)"', markup):
            used.update(word for word in classes.split() if not word.endswith("-"))

    assert used - known == set()
