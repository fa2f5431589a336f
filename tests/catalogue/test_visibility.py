"""A broken `visible()` is found by `manage.py check`, before it empties every block."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.checks import CheckMessage
from django.db import connection

from persona_django import checks
from persona_django.catalogue import registry
from tests.factories import mapped
from tests.shop.models import Gift, Product


def told(**attributes: Any) -> list[CheckMessage]:
    """What the check says of a shop whose one map has these methods; the map stays in use."""
    with mapped(Product, **attributes):
        said = checks.maps_are_sound(None)
        assert list(registry.item_maps()) == ["shop.product"]
    return said


def words(said: list[CheckMessage]) -> str:
    (message,) = said
    assert (message.id, message.is_serious()) == ("persona.E026", True)
    assert "def visible(self, queryset, audience)" in str(message.hint)
    return message.msg


def _raise(*given: Any) -> Any:
    raise RuntimeError("the shop's own,\nin two lines")


@pytest.mark.parametrize(
    ("visible", "said"),
    [
        (
            lambda self, rows, audience: rows.filter(is_activ=True),
            "with FieldError: Cannot resolve",
        ),
        (
            lambda self, rows, audience: [],
            "a queryset of shop.Product, but a list.",
        ),
        (lambda self, rows, audience: None, "a queryset of shop.Product, but None."),
        (lambda self, rows, audience: Gift.objects.all(), "but one of shop.Gift."),
        (lambda self, rows, audience: rows[:9], "is a slice, so nothing can be looked up"),
        (lambda self, rows, audience: rows.values("name"), "is made of values"),
        (lambda self, rows: rows, "takes 2 positional arguments but 3 were given"),
        (
            lambda self, rows, audience: rows.filter(pk__in=audience.account.items),
            "AttributeError",
        ),
        (_raise, "failed with RuntimeError: the shop's own, in two lines"),
        ("is_active", "failed with TypeError: 'str' object is not callable"),
    ],
)
def test_a_visible_that_cannot_be_used_is_an_error_with_the_way_to_write_it(
    visible: Any, said: str
):
    found = words(told(visible=visible))

    assert found.startswith("Items.visible() ")
    assert said in found


@pytest.mark.parametrize(
    "visible",
    [
        lambda self, rows, audience: rows.filter(is_active=True, stock__gt=0),
        lambda self, rows, audience: rows if audience.user.is_authenticated else rows.none(),
        lambda self, rows, audience: rows.filter(pk__in=Gift.objects.values("cents")),
    ],
)
def test_a_visible_that_works_for_who_is_not_signed_in_is_none(visible: Any):
    assert told(visible=visible) == []


def test_a_map_that_leaves_it_out_is_none():
    assert told() == []


def asks_by_model(self: Any, rows: Any, audience: Any) -> Any:
    return rows.filter(stock__gt=Gift.objects.count())


def asks_by_cursor(self: Any, rows: Any, audience: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return rows


def asks_in_vain(self: Any, rows: Any, audience: Any) -> Any:
    try:
        return asks_by_model(self, rows, audience)
    except Exception as error:
        raise LookupError("no gifts") from error


ASKING = [asks_by_model, asks_by_cursor, asks_in_vain]


@pytest.mark.django_db
@pytest.mark.parametrize("visible", ASKING)
def test_no_database_is_asked_and_nothing_is_said_of_what_would_have_asked(
    visible: Callable[..., Any], django_assert_num_queries: Any
):
    with django_assert_num_queries(0):
        assert told(visible=visible) == []

    assert Product.objects.count() == 0


@pytest.mark.parametrize("visible", ASKING)
def test_not_even_a_connection_is_made(visible: Callable[..., Any]):
    # Without the mark that lets a test connect, any attempt would be an error of its own.
    assert told(visible=visible) == []
