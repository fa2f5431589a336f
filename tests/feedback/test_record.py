"""What clients report of slates, in a shop of several stores."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpRequest

from persona_django.feedback.models import ServedSlate
from persona_django.tracking.models import Event
from tests.browsing import ask_for_consent
from tests.reporting import event, reasons, send, slate, told, visitor

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
