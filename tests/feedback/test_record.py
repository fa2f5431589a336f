"""What clients report, each once, and in a shop of several stores."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpRequest

from persona_django import counters
from persona_django.feedback.models import ServedSlate
from persona_django.tracking.models import Event, Intent
from tests.browsing import ask_for_consent
from tests.reporting import event, reasons, send, slate, told, visitor
from tests.tracking.catalogue import stocked

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shop_that_asks(settings: Any) -> None:
    ask_for_consent(settings)
    cache.clear()


def second(request: HttpRequest) -> int:
    """The store that every request belongs to."""
    return 2


def test_what_another_store_served_counts_for_nothing_here():
    there = slate("similar-items", 5_001, 5_002, store=2)

    answer = send(
        visitor(),
        event("click", token=there[0]),
        event("dismiss", token=there[1]),
        event("slate", slate="v1 a", tokens=there, seen=[1]),
    )

    assert reasons(answer) == {"token": 3}
    assert not Event.objects.exists()
    assert not ServedSlate.objects.exists()


def test_what_a_store_served_counts_there(settings):
    settings.PERSONA = {**settings.PERSONA, "STORE_OF": f"{__name__}.second"}
    there = slate("similar-items", 5_001, 5_002, store=2)

    answer = send(
        visitor(),
        event("click", token=there[0], slate="v1 a"),
        event("slate", slate="v1 a", tokens=there, seen=[1]),
    )

    assert told(answer) == "aa"
    assert (Event.objects.get().store, ServedSlate.objects.get().store) == (2, 2)


@pytest.mark.parametrize("is_search_first", [True, False])
def test_an_id_that_one_message_gives_to_an_event_and_to_a_search_counts_once(is_search_first):
    tea, _ = stocked()
    save = event("save", id="same", item=f"shop.product:{tea.pk}")
    search = event("search", id="same", words="green tea")

    answer = send(visitor(), *((search, save) if is_search_first else (save, search)))

    assert told(answer) == "ad"
    assert Intent.objects.count() == is_search_first
    assert Event.objects.count() == (not is_search_first)
    assert counters.counts()["event_mismatch"] == 1


def test_an_id_whose_first_event_was_refused_is_free():
    answer = send(
        visitor(),
        event("save", id="same", item="shop.product:0"),
        event("search", id="same", words="green tea"),
    )

    assert told(answer) == "ra"
    assert "event_mismatch" not in counters.counts()


def test_how_many_results_a_search_had_is_kept_with_it():
    send(visitor(), event("search", words="green tea", results=12), event("sort", value="price"))

    assert list(Intent.objects.order_by("kind").values_list("words", "results")) == [
        ("green tea", 12),
        ("price", None),
    ]
