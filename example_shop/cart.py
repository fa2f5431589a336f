"""The shopper's cart, kept in the session."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from django.http import HttpRequest

from example_shop.models import Product

SESSION_KEY = "cart"
MOST_PIECES = 99
MOST_LINES = 100


@dataclass(frozen=True, kw_only=True)
class CartLine:
    """Some pieces of one product, at today's price."""

    product: Product
    quantity: int

    @property
    def total(self) -> Decimal:
        return self.product.price * self.quantity

    @property
    def is_short(self) -> bool:
        """Whether the shop has fewer pieces left than wanted."""
        return self.quantity > self.product.stock


class Cart:
    """What a shopper means to buy. Reading the number of pieces asks the database nothing."""

    def __init__(self, request: HttpRequest) -> None:
        self._session = request.session
        stored = self._session.get(SESSION_KEY, {})
        self._pieces: dict[str, int] = dict(stored) if isinstance(stored, dict) else {}

    def __len__(self) -> int:
        return sum(self._pieces.values())

    def add(self, product: Product, quantity: int = 1) -> None:
        key = str(product.pk)
        if key in self._pieces or len(self._pieces) < MOST_LINES:
            self.put(product.pk, self._pieces.get(key, 0) + quantity)

    def put(self, key: int, quantity: int) -> None:
        """Set the pieces of one product; none removes it."""
        if quantity > 0:
            self._pieces[str(key)] = min(quantity, MOST_PIECES)
        else:
            self._pieces.pop(str(key), None)
        self._save()

    def clear(self) -> None:
        self._pieces = {}
        self._save()

    @cached_property
    def lines(self) -> list[CartLine]:
        """What is in it, in the order it was put in; products no longer sold drop out."""
        if not self._pieces:
            return []
        products = Product.objects.select_related("category", "brand").filter(is_active=True)
        by_key = products.in_bulk([int(key) for key in self._pieces])
        return [
            CartLine(product=by_key[int(key)], quantity=quantity)
            for key, quantity in self._pieces.items()
            if int(key) in by_key
        ]

    @property
    def products(self) -> list[Product]:
        return [line.product for line in self.lines]

    @property
    def total(self) -> Decimal:
        return sum((line.total for line in self.lines), Decimal(0))

    def _save(self) -> None:
        self._session[SESSION_KEY] = self._pieces
        self.__dict__.pop("lines", None)


def cart_of(request: HttpRequest) -> Cart:
    """The cart of this request, read from the session once."""
    if not hasattr(request, "shop_cart"):
        request.shop_cart = Cart(request)
    return request.shop_cart
