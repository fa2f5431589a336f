"""Turns a cart into an order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import F

from example_shop.cart import Cart
from example_shop.models import Company, Customer, Order, OrderLine, Product


class SoldOutError(ValueError):
    """Somebody else was faster, or the product left the shop."""

    def __init__(self, product: Product) -> None:
        self.product = product
        super().__init__(f"{product.name} is sold out in the quantity you want.")


@transaction.atomic
def place_order(cart: Cart, *, user: Any, address: Mapping[str, str]) -> Order:
    """Sell what is in the cart, all of it or nothing. SoldOutError: pieces are missing."""
    order = Order.objects.create(
        user=user if user.is_authenticated else None,
        company=company_of(user),
        total=cart.total,
        **address,
    )
    # In the order of keys, so that two customers never wait for each other in a circle.
    for line in sorted(cart.lines, key=lambda line: line.product.pk):
        take(line.product, line.quantity)
    OrderLine.objects.bulk_create(
        OrderLine(
            order=order, product=line.product, quantity=line.quantity, price=line.product.price
        )
        for line in cart.lines
    )
    return order


def take(product: Product, quantity: int) -> None:
    """Take pieces from the shelf, in one statement that two customers cannot both win."""
    sold = F("sold") + quantity
    shelf = Product.objects.filter(pk=product.pk, is_active=True, stock__gte=quantity)
    if not shelf.update(stock=F("stock") - quantity, sold=sold):
        raise SoldOutError(product)
    if product.family:
        # What stands for the family in lists must not depend on which size was bought.
        Product.objects.filter(family=product.family).exclude(pk=product.pk).update(sold=sold)


def company_of(user: Any) -> Company | None:
    """The company a user buys for."""
    if not user.is_authenticated:
        return None
    customer = Customer.objects.select_related("company").filter(user=user).first()
    return customer.company if customer else None
