"""Accounts: signing up and in, order history, companies, and giving things back."""

from __future__ import annotations

from decimal import Decimal

from django.contrib.auth import get_user_model
from django.test import TestCase, override_settings

from example_shop.models import Company, Refund
from tests.journeys.shelves import ADDRESS, OwnQueries, customer, order_of, put_on_sale


class SigningInTests(TestCase):
    def test_a_new_customer_is_signed_in_at_once(self):
        response = self.client.post(
            "/register/",
            {"name": "Ada Byron", "email": "Ada@Example.com", "password": "open sesame"},
            follow=True,
        )

        self.assertContains(response, "Hello, Ada")
        self.assertTrue(get_user_model().objects.filter(username="ada@example.com").exists())

    def test_an_e_mail_is_registered_once_and_a_weak_password_never(self):
        customer()

        response = self.client.post(
            "/register/", {"name": "Ada", "email": "ada@example.com", "password": "password"}
        )

        self.assertEqual(set(response.context["form"].errors), {"email", "password"})

    def test_signing_in_and_out(self):
        customer()

        inside = self.client.post(
            "/sign-in/", {"username": "ada@example.com", "password": "open sesame"}, follow=True
        )
        outside = self.client.post("/sign-out/", follow=True)

        self.assertContains(inside, "Hello, Ada")
        self.assertContains(outside, "Sign in")

    def test_the_account_asks_who_is_there(self):
        self.assertRedirects(self.client.get("/account/"), "/sign-in/?next=/account/")

    def test_who_is_signed_in_need_not_register(self):
        self.client.force_login(customer())

        self.assertRedirects(self.client.get("/register/"), "/account/")

    @override_settings(SHOP_DEMO=True)
    def test_in_the_demonstration_one_click_makes_a_shopper_of_anyone(self):
        ada = customer(note="Drinks a lot of coffee")
        customer("Bob Real")

        page = self.client.get("/sign-in/")
        response = self.client.post(f"/sign-in/{ada.customer.pk}/", follow=True)

        self.assertContains(page, "Drinks a lot of coffee")
        self.assertNotContains(page, "Bob Real")
        self.assertContains(response, "Hello, Ada")

    @override_settings(SHOP_DEMO=True)
    def test_nobody_becomes_staff_or_a_real_customer_by_a_click(self):
        boss = customer("Boss Lady", note="Runs the shop")
        boss.is_staff = True
        boss.save()
        bob = customer("Bob Real")

        for user in (boss, bob):
            response = self.client.post(f"/sign-in/{user.customer.pk}/")
            self.assertEqual(response.status_code, 404)

    @override_settings(SHOP_DEMO=False)
    def test_a_real_shop_offers_no_such_click(self):
        ada = customer(note="Drinks a lot of coffee")

        self.assertNotContains(self.client.get("/sign-in/"), "Drinks a lot of coffee")
        self.assertEqual(self.client.post(f"/sign-in/{ada.customer.pk}/").status_code, 404)


class OrderHistoryTests(TestCase):
    def test_a_customer_sees_own_orders_only_the_newest_first(self):
        ada, bob, mug = customer("Ada"), customer("Bob"), put_on_sale()
        first, foreign, second = order_of(ada, mug), order_of(bob, mug), order_of(ada, mug)
        self.client.force_login(ada)

        response = self.client.get("/account/")

        self.assertEqual(list(response.context["orders"]), [second, first])
        self.assertEqual(self.client.get(foreign.get_absolute_url()).status_code, 404)
        self.assertContains(self.client.get(first.get_absolute_url()), "Oslo mug")

    def test_the_users_of_a_company_see_each_other_s_orders_for_it(self):
        birch = Company.objects.create(name="Birchwood")
        ada, bob, mug = (
            customer("Ada", company=birch),
            customer("Bob", company=birch),
            put_on_sale(),
        )
        private = order_of(bob, mug)
        shared = order_of(bob, mug, company=birch)
        self.client.force_login(ada)

        response = self.client.get("/account/")

        self.assertContains(response, "Orders of Birchwood")
        self.assertEqual(list(response.context["orders"]), [shared])
        self.assertEqual(self.client.get(shared.get_absolute_url()).status_code, 200)
        self.assertEqual(self.client.get(private.get_absolute_url()).status_code, 404)

    def test_who_leaves_a_company_no_longer_sees_its_orders(self):
        birch = Company.objects.create(name="Birchwood")
        ada, bob = customer("Ada", company=birch), customer("Bob", company=birch)
        order = order_of(bob, put_on_sale(), company=birch)
        ada.customer.company = None
        ada.customer.save()
        self.client.force_login(ada)

        self.assertEqual(self.client.get(order.get_absolute_url()).status_code, 404)

    def test_a_long_history_has_pages_and_takes_few_queries(self):
        ada, mug = customer(), put_on_sale()
        for _ in range(12):
            order_of(ada, mug)
        self.client.force_login(ada)
        self.client.get("/")

        with OwnQueries() as queries:
            first = self.client.get("/account/")
        second = self.client.get("/account/?page=2")

        self.assertEqual([len(page.context["orders"]) for page in (first, second)], [10, 2])
        self.assertLessEqual(queries.count, 8)


@override_settings(SHOP_REFUND_AT_ONCE=True)
class RefundTests(TestCase):
    def setUp(self):
        self.ada = customer()
        self.mug = put_on_sale(price=Decimal(10), stock=1)
        self.order = order_of(self.ada, self.mug, quantity=3)
        self.line = self.order.lines.get()
        self.client.force_login(self.ada)

    def ask(self, quantity: object = 1, client=None):
        return (client or self.client).post(
            f"/refunds/{self.line.pk}/", {"quantity": quantity, "reason": "Chipped"}, follow=True
        )

    def state(self) -> tuple[int, Decimal, int]:
        for row in (self.line, self.order, self.mug):
            row.refresh_from_db()
        return self.line.refunded, self.order.total, self.mug.stock

    def test_in_the_demonstration_a_refund_is_given_at_once(self):
        response = self.ask(2)

        self.assertContains(response, "2 × Oslo mug is refunded")
        self.assertEqual(self.state(), (2, Decimal(10), 3))
        self.assertIsNotNone(self.line.refunded_at)

    def test_no_more_comes_back_than_was_bought(self):
        self.ask(2)

        response = self.ask(2)

        self.assertContains(response, "1 pieces can be given back, not 2")
        self.assertEqual(self.state(), (2, Decimal(10), 3))

    def test_nonsense_is_refused(self):
        for quantity in ("", "0", "-1", "many"):
            self.ask(quantity)

        self.assertFalse(Refund.objects.exists())

    def test_only_who_ordered_may_ask(self):
        stranger = self.client_class()
        stranger.force_login(customer("Bob"))

        self.assertEqual(self.ask(client=stranger).status_code, 404)
        self.assertEqual(self.ask(client=self.client_class()).status_code, 404)

    def test_a_guest_may_ask_for_the_order_placed_in_this_session(self):
        guest = self.client_class()
        guest.post("/cart/add/", {"product": self.mug.pk})
        page = guest.post("/checkout/", ADDRESS, follow=True)
        self.line = page.context["order"].lines.get()

        self.assertContains(self.ask(client=guest), "is refunded")

    @override_settings(SHOP_REFUND_AT_ONCE=False)
    def test_elsewhere_staff_grant_it_in_the_admin_and_twice_changes_nothing(self):
        asked = self.ask(2)
        waiting = self.state()
        boss = get_user_model().objects.create_superuser("boss", "boss@example.com", "open sesame")
        self.client.force_login(boss)
        action = {"action": "grant", "_selected_action": [Refund.objects.get().pk]}

        self.client.post("/admin/shop/refund/", action)
        granted = self.state()
        self.client.post("/admin/shop/refund/", action)

        self.assertContains(asked, "will be refunded once we have looked at it")
        self.assertEqual(waiting, (0, Decimal(30), 1))
        self.assertEqual(granted, (2, Decimal(10), 3))
        self.assertEqual(self.state(), granted)

    @override_settings(SHOP_REFUND_AT_ONCE=False)
    def test_what_is_asked_back_cannot_be_asked_back_again(self):
        self.ask(3)

        self.assertContains(self.ask(1), "0 pieces can be given back")
        self.assertEqual(Refund.objects.count(), 1)
