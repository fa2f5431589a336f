"""What a shopper, an operator and a developer see of each mistake: the page, the log, DEBUG."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.management import call_command
from django.http import HttpResponse
from django.template import engines
from django.test import override_settings
from django.urls import path
from django.utils.html import escape

from persona_django.catalogue import registry, state
from persona_django.serving.recommend import forget
from tests import urls
from tests.catalogue.tables import without_tables
from tests.factories import mapped, product, publish_neighbours, read_catalogue
from tests.shop.models import Brand, Product

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = """{% load persona %}<html><head>{% persona_script %}</head><body><h1>{{ product }}</h1>
{% persona_block slug seed %}
{% persona_slots slug seed as slots %}{% for slot in slots %}{% persona_card slot %}{% endfor %}
<footer>The end of the page</footer></body></html>"""


def page(request, pk, slug="similar-items", of_brand=False):
    thing = Product.objects.get(pk=pk)
    seed = thing.brand if of_brand else thing
    values = {"product": thing, "seed": seed, "slug": slug}
    return HttpResponse(engines["django"].from_string(PAGE).render(values, request))


urlpatterns = [
    *urls.urlpatterns,
    path("page/<int:pk>/", page),
    path("misspelt/<int:pk>/", page, {"slug": "similar-itmes"}),
    path("brand/<int:pk>/", page, {"of_brand": True}),
]


def raises(*args: Any) -> Any:
    raise KeyError("nobody's colour")


def once() -> Callable[[Any], Any]:
    """A queryset() that is sound when the map is examined, and raises ever after."""
    left = [Product.objects.all()]
    return lambda self: left.pop() if left else raises()


@contextmanager
def unlearnt() -> Iterator[None]:
    """An empty shop: nothing was ever synced."""
    forget()
    state.forget()
    yield


@contextmanager
def sold_out() -> Iterator[None]:
    """A shop that has pages and nothing to sell."""
    Product.objects.update(stock=0)
    read_catalogue()
    yield


@contextmanager
def unmigrated() -> Iterator[None]:
    """A shop in which `migrate` was not run."""
    forget()
    state.forget()
    with without_tables():
        yield


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """One thing that a shop gets wrong, and what its people are told to do."""

    name: str
    told: str
    """What stands in the log, and in DEBUG in the block's place."""
    at: str = "page"
    made: Callable[[], AbstractContextManager[Any]] = nullcontext
    synced: bool = True
    status: str = ""
    """What `persona_status` says where that is not the same; "-" where it cannot know, because
    the mistake is in a page."""


MISTAKES = (
    Mistake(
        name="an unknown block",
        at="misspelt",
        told="There is no block 'similar-itmes'. Did you mean 'similar-items'? The",
        status="-",
    ),
    Mistake(
        name="an item that is not registered",
        at="brand",
        told="Register one in a persona.py",
        status="-",
    ),
    Mistake(name="migrate not run", made=unmigrated, told="python manage.py migrate persona"),
    Mistake(
        name="nothing synced",
        made=unlearnt,
        synced=False,
        told="Run: python manage.py persona_sync",
    ),
    Mistake(name="nothing on sale", made=sold_out, told="Nothing in the catalogue is on sale"),
    Mistake(
        name="a map whose title raises",
        made=lambda: mapped(Product, title=raises),
        told="Correct title, price, url or images in persona.py",
    ),
    Mistake(
        name="a map whose visible() raises",
        made=lambda: mapped(Product, visible=raises),
        told='Items.visible() raised KeyError: "nobody\'s colour", so nothing of shop.product',
    ),
    Mistake(
        name="a visible() that names no field",
        made=lambda: mapped(Product, visible=lambda self, rows, audience: rows.filter(is_activ=1)),
        told="Items.visible() raised FieldError: Cannot resolve keyword 'is_activ' into field",
    ),
    Mistake(
        name="a visible() that returns a list",
        made=lambda: mapped(Product, visible=lambda self, rows, audience: []),
        told="Items.visible() does not return a queryset of shop.Product, but a list",
    ),
    Mistake(
        name="a queryset() that raises on pages alone",
        made=lambda: mapped(Product, queryset=once()),
        told="Items.queryset() raised KeyError",
    ),
    Mistake(
        name="a map whose stock raises",
        made=lambda: mapped(Product, stock=raises),
        told="Items.available or stock raised",
    ),
    Mistake(
        name="a map with a field that does not exist",
        made=lambda: mapped(Product, title="nmae"),
        told="`manage.py check` says what is wrong",
    ),
    Mistake(
        name="a persona.py that cannot be imported",
        made=registry.isolated,
        told="No item map is registered for shop.Product",
        status="No item map is registered for 'shop.product'",
    ),
)


@pytest.fixture(autouse=True)
def _pages() -> Iterator[None]:
    with override_settings(ROOT_URLCONF=__name__):
        yield


@pytest.mark.parametrize("debug", [False, True], ids=["live", "DEBUG"])
@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_the_page_renders_the_log_says_what_to_do_and_debug_shows_it(
    client, caplog, mistake: Mistake, debug: bool
):
    tea = product("Tea", brand=Brand.objects.create(name="Leaf"))
    others = [product("Pot"), product("Mug")]
    if mistake.synced:
        read_catalogue()
        publish_neighbours("similar", {tea: [(other, 0.9, 40) for other in others]})

    with override_settings(DEBUG=debug), mistake.made():
        answer = client.get(f"/{mistake.at}/{tea.pk}/")

    html = answer.content.decode()
    assert answer.status_code == 200
    assert "<h1>Tea</h1>" in html
    assert html.endswith("<footer>The end of the page</footer></body></html>")
    assert "<section" not in html
    assert mistake.told in caplog.text
    assert (escape(mistake.told) in html) is debug
    assert ("persona-debug" in html) is debug


@pytest.mark.parametrize(
    "mistake", [one for one in MISTAKES if one.status != "-"], ids=lambda mistake: mistake.name
)
def test_status_says_of_the_same_mistakes_why_the_blocks_are_empty(capsys, mistake: Mistake):
    tea = product("Tea")
    others = [product("Pot"), product("Mug")]
    if mistake.synced:
        read_catalogue()
        publish_neighbours("similar", {tea: [(other, 0.9, 40) for other in others]})

    with mistake.made(), pytest.raises(SystemExit):
        call_command("persona_status", check=True)

    said = capsys.readouterr().out
    assert (mistake.status or mistake.told) in said
    assert "ok   similar-items" not in said
