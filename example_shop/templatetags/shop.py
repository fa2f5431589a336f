"""`{% load shop %}`: prices, pictures and swatches in the shop's templates."""

from __future__ import annotations

from decimal import Decimal

from django import template
from django.conf import settings

from example_shop.models import Product
from example_shop.pictures.addresses import address_of

register = template.Library()

_SIGNS = {"EUR": "€", "GBP": "£", "USD": "$"}


@register.filter
def money(amount: Decimal | None) -> str:
    """{{ product.price|money }}: "€1,249.00"."""
    if amount is None:
        return ""
    sign = _SIGNS.get(settings.SHOP_CURRENCY, f"{settings.SHOP_CURRENCY} ")
    return f"{sign}{amount:,.2f}"


@register.filter
def picture(product: Product, view: int = 0) -> str:
    """{{ product|picture }}: the address of its leading picture, or of another view."""
    return address_of(product, view)


@register.inclusion_tag("shop/parts/swatch.html")
def swatch(digits: str) -> dict[str, str]:
    """{% swatch "c26f4e" %}: a dot in this colour, drawn, because inline styles are forbidden."""
    return {"digits": digits}
