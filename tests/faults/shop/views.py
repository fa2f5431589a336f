"""Pages of a shop that uses everything there is of the app, each from one page of its own.

In a process without the app the same pages leave out what is ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import aget_object_or_404, get_object_or_404
from django.template import engines

from tests.faults import examples
from tests.shop.models import Product

OURS = re.compile(r"<!--ours-->.*?<!--/ours-->", re.S)
PAGE = """<!doctype html><html><head><title>{{ product.name }}</title><!--ours-->{% load persona %}
<!--/ours--></head><body><h1>{{ product.name }}</h1><p>{{ product.price }} EUR</p>
<ul>{% for other in others %}<li>{{ other.name }}</li>{% endfor %}</ul>
<!--ours-->MARKUP<!--/ours--><p>{{ said }}</p></body></html>"""


def shown(request: HttpRequest, product: Product, *, markup: str = "", said: str = "") -> Any:
    """A product page, with markup of ours in it where the app is installed."""
    text = PAGE.replace("MARKUP", markup)
    text = text if settings.INSTALLED else OURS.sub("", text)
    others = Product.objects.order_by("pk")[:5]
    values = {"product": product, "others": others, "said": said}
    return HttpResponse(engines["django"].from_string(text).render(values, request))


def page(request: HttpRequest, pk: int) -> HttpResponse:
    """A page that names its product and shows nothing of ours."""
    product = get_object_or_404(Product, pk=pk)
    if settings.INSTALLED:
        from persona_django import viewed

        viewed(request, product)
    return shown(request, product)


async def page_in_the_loop(request: HttpRequest, pk: int) -> HttpResponse:
    """The same page by a view that is a coroutine."""
    product = await aget_object_or_404(Product, pk=pk)
    if settings.INSTALLED:
        from persona_django import viewed

        viewed(request, product)
    return await sync_to_async(shown)(request, product)


def tag(request: HttpRequest, name: str, pk: int) -> HttpResponse:
    """A page with one template tag."""
    return shown(request, get_object_or_404(Product, pk=pk), markup=examples.TAGS[name])


@transaction.atomic
def call(request: HttpRequest, name: str, pk: int) -> HttpResponse:
    """A page whose view calls one function of ours while it changes something of its own."""
    product = get_object_or_404(Product, pk=pk)
    product.stock += 1
    product.save(update_fields=["stock"])
    if settings.INSTALLED:
        examples.FUNCTIONS[name](request, product)
    product.stock -= 1
    product.save(update_fields=["stock"])
    return shown(request, product, said=f"stock {product.stock}")


def signal(request: HttpRequest, name: str, pk: int) -> HttpResponse:
    """A page that saves or deletes something that the app listens to."""
    send: Callable[[Product], object] = examples.SIGNALS[name]
    product = get_object_or_404(Product, pk=pk)
    with transaction.atomic():
        send(product)
    return shown(request, product, said="done")
