"""A new secret key: old cookies count as long as the shop says, and nothing breaks (fault 48)."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from persona_django.identity.erasure import erase, export
from persona_django.identity.subjects import subject_of_customer
from persona_django.tracking.models import Event
from tests.browsing import agreeing, ask_for_consent, open_shop, visitor_of
from tests.tracking.catalogue import stocked

pytestmark = pytest.mark.django_db

NEW = "another-secret-key-0123456789abcdefghijklmnopqrstuvwxyz"


@pytest.fixture(autouse=True)
def _shop(settings: Any) -> None:
    open_shop(settings)
    ask_for_consent(settings)


def rotate(settings: Any, *, fallback: bool) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY] if fallback else []
    settings.SECRET_KEY = NEW


def test_without_a_fallback_an_old_cookie_is_a_new_visitor_and_no_page_breaks(settings):
    tea, _ = stocked()
    client = agreeing()
    client.get(f"/shown/{tea.pk}/")
    old = client.cookies["persona"].value
    rotate(settings, fallback=False)

    page = client.get(f"/shown/{tea.pk}/")

    assert page.status_code == 200
    assert client.cookies["persona"].value != old
    assert len(set(Event.objects.values_list("shopper", flat=True))) == 2


def test_with_a_fallback_the_cookie_stays_and_its_owner_is_never_locked_out(settings):
    tea, _ = stocked()
    client = agreeing()
    client.get(f"/shown/{tea.pk}/")
    old = client.cookies["persona"].value
    rotate(settings, fallback=True)

    page = client.get(f"/shown/{tea.pk}/")

    assert page.status_code == 200
    assert client.cookies["persona"].value == old
    assert Event.objects.count() == 2


def test_a_signed_in_customer_goes_on_under_a_new_pseudonym(settings):
    tea, _ = stocked()
    anna = get_user_model().objects.create(username="anna")
    client = agreeing()
    client.get(f"/in/{anna.pk}/")
    before = visitor_of(client)
    rotate(settings, fallback=True)

    client.get("/greets/")
    page = client.get(f"/shown/{tea.pk}/")

    assert page.status_code == 200
    assert visitor_of(client) != before


def test_what_was_stored_before_the_rotation_is_told_and_erased_as_well(settings):
    tea, _ = stocked()
    anna = get_user_model().objects.create(username="anna")
    client = agreeing()
    client.get(f"/in/{anna.pk}/")
    client.get(f"/shown/{tea.pk}/")
    rotate(settings, fallback=True)

    told = export(subject_of_customer(anna.pk))
    erase(subject_of_customer(anna.pk))

    assert {section["name"]: len(section["rows"]) for section in told["data"]}["events"] == 1
    assert not Event.objects.exists()
