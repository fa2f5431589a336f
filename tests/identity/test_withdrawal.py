"""Consent taken back, wholly or in part, and what a row of the visitor says of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import router, transaction
from django.test import RequestFactory

from persona_django.identity import remembered
from persona_django.identity.erasure import erase, export
from persona_django.identity.models import Standing, Visitor
from persona_django.identity.subjects import subject_of_customer
from persona_django.tracking.events import read_events
from persona_django.tracking.models import Event
from persona_django.tracking.shop_calls import track
from tests.browsing import agreeing, ask_for_consent, open_shop, visitor_of
from tests.tracking.catalogue import stocked

pytestmark = pytest.mark.django_db(transaction=True)

IN_PARTS = {
    "CONSENT_POLICY": {
        "BACKEND": "persona_django.identity.consent.FromCookie",
        "OPTIONS": {
            "cookie": "banner",
            "accepted": {"measure": ["yes", "some"], "personalise": ["yes"]},
        },
    }
}


@pytest.fixture(autouse=True)
def _shop(settings: Any) -> None:
    open_shop(settings)
    ask_for_consent(settings)


@pytest.fixture
def in_parts(settings: Any) -> None:
    settings.PERSONA = {**settings.PERSONA, **IN_PARTS}


def request_of(client: Any) -> Any:
    """A request of this browser's, as a view of the shop gets it."""
    request = RequestFactory().post("/cart/")
    request.COOKIES.update({name: morsel.value for name, morsel in client.cookies.items()})
    return request


def test_what_the_shops_own_code_tracked_teaches_nothing_after_a_withdrawal():
    tea, _ = stocked()
    client = agreeing()
    client.get("/plain/")
    assert track(request_of(client), "cart_add", tea)
    Visitor.objects.update(standing=Standing.QUALIFIED)
    assert len(read_events()) == 1

    client.cookies["banner"] = "no"
    client.get("/plain/")

    assert len(read_events()) == 0


def test_what_was_done_in_that_browser_before_signing_in_teaches_nothing_either():
    anna = get_user_model().objects.create(username="anna")
    tea, _ = stocked()
    client = agreeing()
    client.get(f"/shown/{tea.pk}/")
    client.get(f"/in/{anna.pk}/")
    client.get("/greets/")
    client.get(f"/shown/{tea.pk}/")
    Visitor.objects.update(standing=Standing.QUALIFIED)
    assert len(read_events()) == Visitor.objects.count() == 2

    client.cookies["banner"] = "no"
    client.get("/plain/")

    assert len(read_events()) == 0
    assert set(Visitor.objects.values_list("purposes", flat=True)) == {""}


def customer_who_withdrew() -> tuple[Any, Any, Any]:
    """The browser of a customer who looked at a product while signed in, and then said no."""
    anna = get_user_model().objects.create(username="anna")
    tea, _ = stocked()
    client = agreeing()
    client.get(f"/in/{anna.pk}/")
    client.get("/greets/")
    client.get(f"/shown/{tea.pk}/")
    client.cookies["banner"] = "no"
    client.get("/plain/")
    return client, anna, tea


def test_a_customer_who_withdrew_is_still_told_what_is_kept_and_may_have_it_erased():
    _, anna, _ = customer_who_withdrew()
    assert Event.objects.count() == 1

    told = {part["name"]: part["rows"] for part in export(subject_of_customer(anna.pk))["data"]}

    assert len(told["events"]) == 1
    assert [(row["agreed_to"], row["linked_to_account"]) for row in told["visitors"]] == [
        ([], True)
    ]
    assert erase(subject_of_customer(anna.pk)).rows["events"] == 1
    assert not Event.objects.exists()
    assert not Visitor.objects.exists()


def test_a_customer_who_agrees_again_in_that_browser_begins_anew():
    client, anna, tea = customer_who_withdrew()
    withdrew = Event.objects.get().shopper

    client.cookies["banner"] = "yes"
    client.get("/greets/")
    client.get(f"/shown/{tea.pk}/")

    Visitor.objects.update(standing=Standing.QUALIFIED)
    assert visitor_of(client) != withdrew
    assert Visitor.objects.get(key=withdrew).purposes == ""
    assert Event.objects.count() == 2
    assert len(read_events()) == 1
    assert len(subject_of_customer(anna.pk).visitors) == 2


def test_a_withdrawal_is_noted_even_where_the_visitor_has_no_row_yet():
    client = agreeing()
    client.get("/plain/")
    visitor = visitor_of(client)
    assert not Visitor.objects.exists()

    client.cookies["banner"] = "no"
    client.get("/plain/")

    assert Visitor.objects.get(key=visitor).purposes == ""


@pytest.mark.parametrize("address", ["/cache/public_max-age=300/", "/file/", "/missing/{}/"])
def test_a_withdrawal_is_noted_also_by_pages_on_which_the_cookie_must_stay(address: str):
    tea, _ = stocked()
    client = agreeing()
    client.get(f"/shown/{tea.pk}/")
    visitor = visitor_of(client)
    client.cookies["banner"] = "no"

    page = client.get(address.format(tea.pk))
    page.getvalue()
    page.close()

    assert not page.cookies
    assert "no-store" not in page.get("Cache-Control", "")
    assert Visitor.objects.get(key=visitor).purposes == ""


def test_a_withdrawal_is_noted_once_where_the_cookie_stays(django_assert_num_queries: Any):
    tea, _ = stocked()
    client = agreeing()
    client.get(f"/shown/{tea.pk}/")
    client.cookies["banner"] = "no"
    client.get("/cache/public/")

    with django_assert_num_queries(0):
        client.get("/cache/public/")


@pytest.mark.parametrize("is_known_here", [True, False])
def test_who_agrees_again_where_the_cookie_had_to_stay_begins_anew(is_known_here: bool):
    tea, _ = stocked()
    client = agreeing()
    client.get(f"/shown/{tea.pk}/")
    withdrew = visitor_of(client)
    client.cookies["banner"] = "no"
    client.get("/cache/public/")
    client.cookies["banner"] = "yes"
    if not is_known_here:
        # Another process has to read it first.
        remembered.forget()
        client.get(f"/shown/{tea.pk}/")
        assert Event.objects.count() == 1

    client.get(f"/shown/{tea.pk}/")

    assert visitor_of(client) != withdrew
    assert set(Event.objects.values_list("shopper", flat=True)) == {withdrew, visitor_of(client)}
    assert Visitor.objects.get(key=withdrew).purposes == ""


def test_a_cookie_that_had_to_stay_goes_with_the_next_answer_that_nobody_stores():
    tea, _ = stocked()
    client = agreeing()
    client.get(f"/shown/{tea.pk}/")
    client.cookies["banner"] = "no"
    client.get("/cache/public/")
    client.cookies["banner"] = "yes"

    answer = client.get("/json/")

    assert answer.cookies["persona"]["max-age"] == 0


def test_the_shops_own_code_gives_the_visitor_a_row_as_a_view_does():
    tea, _ = stocked()
    client = agreeing()
    client.get("/plain/")

    track(request_of(client), "cart_add", tea)

    assert list(Visitor.objects.values_list("key", "purposes")) == [
        (visitor_of(client), "measure,personalise")
    ]


def test_a_visitor_whose_row_the_shop_rolled_back_is_written_the_next_time():
    tea, _ = stocked()
    ours = router.db_for_write(Visitor)
    client = agreeing()
    client.get("/plain/")

    with pytest.raises(ZeroDivisionError), transaction.atomic(using=ours):
        track(request_of(client), "cart_add", tea)
        raise ZeroDivisionError
    assert not Visitor.objects.exists()
    track(request_of(client), "cart_add", tea)

    assert Visitor.objects.get().key == visitor_of(client)


def test_consent_taken_back_in_part_is_noted_and_so_is_its_return(in_parts):
    client = agreeing()
    tea, _ = stocked()
    noted = []

    for answer, address in [
        ("yes", f"/shown/{tea.pk}/"),
        ("some", "/plain/"),
        ("some", f"/shown/{tea.pk}/"),
        ("yes", "/plain/"),
    ]:
        client.cookies["banner"] = answer
        client.get(address)
        noted.append(Visitor.objects.get(key=visitor_of(client)).purposes)

    assert noted == ["measure,personalise", "measure", "measure", "measure,personalise"]


def test_nobody_who_withdrew_is_brought_back_by_a_page_that_was_still_on_its_way():
    tea, _ = stocked()
    client = agreeing()
    client.get(f"/shown/{tea.pk}/")
    visitor, late = visitor_of(client), request_of(client)
    client.cookies["banner"] = "no"
    client.get("/plain/")

    assert not track(late, "cart_add", tea)

    assert Visitor.objects.get(key=visitor).purposes == ""
    assert Event.objects.count() == 1
    assert len(read_events()) == 0


def test_who_may_be_recorded_is_the_same_for_a_view_and_for_the_shops_own_code(in_parts):
    tea, _ = stocked()
    client = agreeing()
    client.cookies["banner"] = "some"
    client.get(f"/shown/{tea.pk}/")

    assert track(request_of(client), "cart_add", tea)

    assert set(Event.objects.values_list("shopper", flat=True)) == {visitor_of(client)}
