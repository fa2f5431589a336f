"""Under "Buy again" a shopper sees what they bought themselves, however the shop names buyers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import F
from django.db.models.functions import Abs
from django.test import override_settings
from django.utils.functional import SimpleLazyObject

from persona_django.catalogue import ItemMap, OrderMap, register, registry
from persona_django.catalogue.sync import sync
from persona_django.tracking.orders import own_purchases
from tests.catalogue.people import Company, Customer, Employee, Member, Profile, Sale
from tests.shop.models import Product

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 3, tzinfo=timezone.utc)
PAGE = Path(__file__).parents[2] / "docs" / "extending" / "order-map.md"


@pytest.fixture(autouse=True)
def _own_registry() -> Iterator[None]:
    with registry.isolated():
        yield


def sales(
    customer: str, kind: type[OrderMap] = OrderMap, **more: Any
) -> tuple[OrderMap, list[str]]:
    """The order map of a shop that names its buyers so, and what the checks say about it."""

    @register(Product)
    class Items(ItemMap):
        title, price, url = "name", "price", "get_absolute_url"

    declared = {"item": "product_id", "order": "pk", "placed_at": "placed", "customer": customer}
    register(Sale)(type("Sales", (kind,), {**declared, **more}))
    (order_map,) = registry.order_maps()
    return order_map, [fault.id for fault in registry.faults()]


def two_people() -> tuple[User, User]:
    """Ann, and Bob whose user number is that of Ann's customer."""
    ann, bob = (User.objects.create(username=name) for name in ("ann", "bob"))
    for number, person in ((bob.pk, ann), (ann.pk, bob)):
        Customer.objects.create(pk=number, user=person)
        Profile.objects.create(user=person)
    return ann, bob


def bought_by(person: User, other: User) -> Sale:
    """What this person bought; in the plain column stands only a number."""
    return Sale.objects.create(
        product_id=1,
        placed=NOW,
        user=person,
        by_name=person,
        customer=Customer.objects.get(user=person),
        profile=Profile.objects.get(user=person),
        buyer=other.pk,
    )


@pytest.mark.parametrize(
    "customer",
    [
        "user_id",
        "user",
        "user__pk",
        "user__username",
        "by_name",
        "by_name_id",
        "profile",
        "profile_id",
        "profile__user__id",
        "customer__user_id",
        "customer__user",
    ],
)
def test_a_path_to_the_user_gives_everybody_their_own_lines(customer: str):
    ann, bob = two_people()
    anns, bobs = bought_by(ann, bob), bought_by(bob, ann)
    orders, told = sales(customer)

    assert told == []
    assert list(orders.own(orders.lines(), ann)) == [anns]
    assert list(orders.own(orders.lines(), SimpleLazyObject(lambda: bob))) == [bobs]


@pytest.mark.parametrize(
    "customer", ["customer_id", "customer", "customer__pk", "buyer", "user__email"]
)
def test_a_number_that_is_not_the_users_shows_nobody_anything_and_is_told(customer: str):
    ann, bob = two_people()
    bought_by(ann, bob), bought_by(bob, ann)
    orders, told = sales(customer)
    (fault,) = registry.faults()

    assert told == ["persona.W024"]
    assert f'"{customer}"' in fault.message
    assert "own(self, queryset, user)" in fault.hint
    assert not orders.own(orders.lines(), ann).exists()
    assert not orders.own(orders.lines(), bob).exists()


def test_what_a_page_asks_for_holds_no_other_customers_purchases():
    ann, bob = two_people()
    sales("customer_id")
    product = Product.objects.create(name="Sencha", price=4)
    sync()
    Sale.objects.create(product_id=product.pk, placed=NOW, customer=Customer.objects.get(user=ann))

    assert own_purchases(bob, since=0).item.tolist() == []
    assert own_purchases(ann, since=0).item.tolist() == []

    sales("customer__user_id")
    assert own_purchases(bob, since=0).item.tolist() == []
    assert own_purchases(ann, since=0).times.tolist() == [1]


def test_a_column_that_the_queryset_adds_is_followed_and_a_computed_one_is_not():
    ann, bob = two_people()
    anns = bought_by(ann, bob)
    bought_by(bob, ann)
    orders, told = sales(
        "who", queryset=lambda self: Sale.objects.annotate(who=F("customer__user_id"))
    )
    assert (told, list(orders.own(orders.lines(), ann))) == ([], [anns])

    orders, told = sales("who", queryset=lambda self: Sale.objects.annotate(who=Abs("user_id")))
    assert (told, orders.own(orders.lines(), ann).exists()) == (["persona.W024"], False)


def test_a_guests_lines_are_nobodys_own():
    ann, _ = two_people()
    Sale.objects.create(product_id=1, placed=NOW, email="guest@example.com")
    orders, _ = sales("user_id", guest_key="email")

    for user in (None, AnonymousUser(), User(username="not saved"), ann):
        assert not orders.own(orders.lines(), user).exists()


def test_a_user_model_of_the_shops_own_is_the_user():
    Member.objects.create(email="bob@example.com")
    ann = Member.objects.create(email="ann@example.com")
    namesake = User.objects.create(pk=ann.pk, username="other")
    anns = Sale.objects.create(product_id=1, placed=NOW, member=ann)

    with override_settings(AUTH_USER_MODEL="shop.Member"):
        orders, told = sales("member_id")
        assert told == []
        assert list(orders.own(orders.lines(), ann)) == [anns]
        assert not orders.own(orders.lines(), namesake).exists()
        assert sales("user_id")[1] == ["persona.W024"]


def test_a_user_kept_in_two_tables_is_one_user():
    ann = Employee.objects.create(username="ann")
    anns = Sale.objects.create(product_id=1, placed=NOW, employee=ann)
    orders, told = sales("employee_id")

    assert told == []
    assert list(orders.own(orders.lines(), ann)) == [anns]
    assert list(orders.own(orders.lines(), User.objects.get())) == [anns]


def test_a_shop_without_djangos_users_is_not_told_about_them():
    with override_settings(AUTH_USER_MODEL="nowhere.User"):
        assert sales("member_id")[1] == []
        assert sales("buyer")[1] == ["persona.W024"]


def documented() -> type[OrderMap]:
    """A map with the own() that the documentation shows, as a shop would paste it."""
    page = PAGE.read_text("utf-8")
    (shown,) = re.findall(r"^```python\n(    def own.*?)^```", page, re.S | re.M)
    names: dict[str, Any] = {"OrderMap": OrderMap}
    exec(f"class Colleagues(OrderMap):\n{shown.replace('order__', '')}", names)
    return names["Colleagues"]


def test_the_documented_own_shares_orders_inside_a_company_and_nowhere_else():
    blue = Company.objects.create()
    ann, bob = (Employee.objects.create(username=name, company=blue) for name in ("ann", "bob"))
    loner, other = (Employee.objects.create(username=name) for name in ("loner", "other"))
    ours, private, theirs = (
        Sale.objects.create(product_id=1, placed=NOW, user=buyer, company=buyer.company)
        for buyer in (ann, loner, other)
    )
    orders, told = sales("user_id", kind=documented())

    assert told == []
    assert list(orders.own(orders.lines(), bob)) == [ours]
    assert list(orders.own(orders.lines(), loner)) == [private]
    assert list(orders.own(orders.lines(), other)) == [theirs]
    assert not orders.own(orders.lines(), AnonymousUser()).exists()
