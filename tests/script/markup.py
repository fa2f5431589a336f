"""Pages as our own tags and templates write them, with products that no database knows."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.template import engines
from django.test import RequestFactory

from persona_django.blocks.values import Reason, Slate, Slot, anchor_of
from tests.shop.models import Product

BANNER = "banner"
POLICY = {
    "CONSENT_POLICY": {
        "BACKEND": "persona_django.identity.consent.FromCookie",
        "OPTIONS": {"cookie": BANNER, "accepted": ["yes", "all of it"]},
    }
}
PAGE = (
    "{% load persona %}<!doctype html><html lang=en><head><meta charset=utf-8><title>Shop</title>"
    '<link rel=icon href="data:,">{% persona_script %}</head><body>'
)


def tea() -> Product:
    """What the pages are about."""
    return Product(pk=31, name="Tea")


def asked(*, agreed: bool = True) -> HttpRequest:
    request = RequestFactory().get("/")
    if agreed:
        request.COOKIES[BANNER] = "yes"
    return request


def page(body: str = "", *, agreed: bool = True, **context: Any) -> str:
    """A page of the product, as rendered for a visitor who agreed or for one who did not."""
    made = engines["django"].from_string(PAGE + "{% persona_item product %}" + body)
    return str(made.render({"product": tea(), **context}, asked(agreed=agreed)))


def other_page(body: str = "", **context: Any) -> str:
    """A page of the shop that is about no product."""
    return str(engines["django"].from_string(PAGE + body).render(context, asked()))


def block(size: int = 4, *, number: int = 1, slug: str = "similar-items") -> str:
    """A block of ours with so many products."""
    slots = tuple(_slot(slug, number, position) for position in range(1, size + 1))
    slate = Slate(block=slug, title="Similar items", slots=slots, number=number)
    made = engines["django"].get_template("persona/block.html")
    return str(made.render({"slate": slate, "title": slate.title}))


def _slot(slug: str, number: int, position: int) -> Slot:
    key = 100 * number + position
    return Slot(
        position=position,
        item_id=key,
        group_id=key,
        model="shop.product",
        key=str(key),
        product=Product(pk=key, name=f"Cup {key}"),
        title=f"Cup {key}",
        url=f"/product/{key}/",
        price=None,
        compare_at_price=None,
        currency="EUR",
        image="",
        reason=Reason(code="similar", text="More than 50 shoppers liked both"),
        token=f"proof-{slug}-{key}",
        slate=anchor_of(slug, number),
    )
