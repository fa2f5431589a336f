"""Single events as they are stored, and the item that a page names."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import RequestFactory
from rest_framework.request import Request

from persona_django.tracking.ingest import NewEvent, insert, named_item, view_id, viewed
from persona_django.tracking.models import Event
from persona_django.tracking.schema import Kind
from tests.tracking.catalogue import product

pytestmark = pytest.mark.django_db


def event(**fields: Any) -> NewEvent:
    return NewEvent(**{"shopper": 1, "uid": 1, "kind": Kind.VIEW, "item_id": 7, "at": 99} | fields)


# insert


def test_an_event_is_stored_once_however_often_and_in_whatever_company_it_comes():
    first = insert([event(), event(kind=Kind.CLICK), event(uid=2)])
    again = insert([event(uid=2), event(shopper=2)])

    assert (first, again) == (2, 1)
    # The first of two with the same name counts.
    assert Event.objects.get(shopper=1, uid=1).kind == Kind.VIEW


def test_a_long_batch_is_stored_whole():
    assert insert(event(uid=uid) for uid in range(1, 131)) == 130
    assert insert([]) == 0


# Naming the item of a page


def test_a_page_is_named_through_the_rest_frameworks_request_too():
    tea = product()
    request = RequestFactory().get("/")

    viewed(Request(request), tea)

    assert named_item(request) == ("shop.product", str(tea.pk))


def test_one_rendering_has_one_view_id():
    request = RequestFactory().get("/")

    assert view_id(request) == view_id(Request(request))
    assert view_id(request) != view_id(RequestFactory().get("/"))
