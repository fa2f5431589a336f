"""Pages that hold the blocks under test."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template import engines

from tests.shop.models import Gift, Product

PAGE = """{% load persona %}<html><body><h1>{{ product }}</h1>
{% persona_block "similar-items" product %}
{% persona_block "bought-together" product %}
{% persona_block "reorder" %}
</body></html>"""


def product(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Product, pk=pk)
    return HttpResponse(engines["django"].from_string(PAGE).render({"product": found}, request))


def gift(request: HttpRequest, pk: str) -> HttpResponse:
    found = get_object_or_404(Gift, pk=pk)
    return HttpResponse(engines["django"].from_string(PAGE).render({"product": found}, request))


def plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse("<html><body><h1>Nothing of ours here</h1></body></html>")
