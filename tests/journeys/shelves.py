"""Products, customers and orders for the journeys, made by hand."""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from example_shop.models import Brand, Category, Company, Customer, Order, OrderLine, Product

_numbers = count(1)
ADDRESS = {
    "name": "Ada Byron",
    "email": "ada@example.com",
    "street": "Canal Street 5",
    "postcode": "10115",
    "city": "Berlin",
    "country": "Germany",
}


def put_on_sale(
    name: str = "Oslo mug", path: str = "Home > Kitchen > Mugs", **values: Any
) -> Product:
    """One product, in stock unless said otherwise."""
    number = next(_numbers)
    brand = values.pop("brand", "Halden")
    values.setdefault("price", Decimal("12.50"))
    values.setdefault("stock", 10)
    return Product.objects.create(
        name=name,
        sku=f"T-{number}",
        category=Category.objects.at_path(path),
        brand=Brand.objects.get_or_create(name=brand)[0] if brand else None,
        **values,
    )


def customer(name: str = "Ada Byron", *, company: Company | None = None, note: str = "") -> Any:
    """A user who shops, with the password `open sesame`."""
    first, _, last = name.partition(" ")
    email = f"{first.lower()}@example.com"
    user = get_user_model().objects.create_user(
        email, email, "open sesame", first_name=first, last_name=last
    )
    Customer.objects.create(user=user, company=company, demo_note=note)
    return user


def order_of(user: Any, *products: Product, quantity: int = 1, **values: Any) -> Order:
    """A paid order of some products."""
    total = sum((product.price * quantity for product in products), Decimal(0))
    order = Order.objects.create(user=user, total=total, **values)
    for product in products:
        OrderLine.objects.create(
            order=order, product=product, quantity=quantity, price=product.price
        )
    return order


class OwnQueries(CaptureQueriesContext):
    """Queries within, apart from those of persona_django and the savepoints around them."""

    def __init__(self) -> None:
        super().__init__(connection)

    @property
    def count(self) -> int:
        asked = [query["sql"] for query in self.captured_queries]
        return sum("persona_" not in sql and "SAVEPOINT" not in sql for sql in asked)
