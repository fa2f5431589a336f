"""Visitors who sign in, sign out, agree and change their minds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import router, transaction
from django.http import HttpResponse
from django.test import RequestFactory

from persona_django.identity import remembered, visitors
from persona_django.identity.keys import keyed
from persona_django.identity.models import Visitor
from persona_django.identity.visitors import Recognised
from persona_django.tracking import pages
from persona_django.tracking.ingest import viewed
from persona_django.tracking.models import Event
from tests.browsing import (
    BROWSER,
    agreeing,
    ask_for_consent,
    browser,
    finish,
    open_shop,
    visitor_of,
)
from tests.tracking.catalogue import stocked

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shop(settings: Any) -> None:
    open_shop(settings)


@pytest.fixture
def asked(settings: Any) -> None:
    ask_for_consent(settings)


def test_signing_in_links_the_history_once_and_changes_the_pseudonym(asked):
    tea, _ = stocked()
    anna = get_user_model().objects.create(username="anna")
    client = agreeing()
    client.get(f"/shown/{tea.pk}/")
    before = visitor_of(client)

    client.get(f"/in/{anna.pk}/")
    after = visitor_of(client)
    client.get(f"/shown/{tea.pk}/")

    customer = keyed("customer", str(anna.pk))
    assert before != after
    assert dict(Visitor.objects.values_list("key", "account")) == {
        before: customer,
        after: customer,
    }
    assert set(Event.objects.values_list("shopper", flat=True)) == {before, after}
    assert visitor_of(client) == after


def test_after_signing_out_nothing_leads_to_the_customer_of_before(asked):
    tea, _ = stocked()
    anna = get_user_model().objects.create(username="anna")
    bert = get_user_model().objects.create(username="bert")
    client = agreeing()
    client.get(f"/in/{anna.pk}/")
    hers = visitor_of(client)

    client.get("/out/")
    between = visitor_of(client)
    client.get(f"/shown/{tea.pk}/")
    client.get(f"/in/{bert.pk}/")
    his = visitor_of(client)

    assert len({hers, between, his}) == 3
    accounts = dict(Visitor.objects.values_list("key", "account"))
    assert accounts[hers] == keyed("customer", str(anna.pk))
    assert accounts[between] == accounts[his] == keyed("customer", str(bert.pk))


def test_another_user_without_a_sign_out_does_not_inherit_the_pseudonym(asked):
    anna = get_user_model().objects.create(username="anna")
    bert = get_user_model().objects.create(username="bert")
    client = agreeing()
    client.get(f"/in/{anna.pk}/")
    hers = visitor_of(client)

    client.get(f"/in/{bert.pk}/")

    assert visitor_of(client) != hers
    assert Visitor.objects.get(key=hers).account == keyed("customer", str(anna.pk))


def test_whoever_comes_after_an_expired_session_is_another_visitor(asked):
    tea, _ = stocked()
    anna = get_user_model().objects.create(username="anna")
    client = agreeing()
    client.get(f"/in/{anna.pk}/")
    hers = visitor_of(client)
    del client.cookies["sessionid"]

    client.get(f"/shown/{tea.pk}/")

    assert Event.objects.get().shopper == visitor_of(client) != hers
    assert Visitor.objects.get(key=visitor_of(client)).account is None


def test_whoever_comes_after_an_expired_session_is_nobody_where_the_cookie_must_stay(asked):
    tea, _ = stocked()
    anna = get_user_model().objects.create(username="anna")
    client = agreeing()
    client.get(f"/in/{anna.pk}/")
    hers = visitor_of(client)
    del client.cookies["sessionid"]

    client.get(f"/cached/{tea.pk}/")

    assert visitor_of(client) == hers
    assert not Event.objects.exists()


def test_a_page_that_never_asks_who_is_signed_in_keeps_its_customers_visitor(asked):
    tea, _ = stocked()
    anna = get_user_model().objects.create(username="anna")
    client = agreeing()
    client.get(f"/in/{anna.pk}/")
    hers = visitor_of(client)

    client.get(f"/shown/{tea.pk}/")

    assert Event.objects.get().shopper == visitor_of(client) == hers


def test_a_linked_pseudonym_serves_nobody_else_where_it_cannot_be_changed(asked):
    """The page is public, so that the cookie must stay; then its visitor is unknown."""
    tea, _ = stocked()
    anna = get_user_model().objects.create(username="anna")
    client = agreeing()
    client.get(f"/in/{anna.pk}/")
    request = RequestFactory().get("/", headers={"User-Agent": BROWSER})
    request.COOKIES.update({name: morsel.value for name, morsel in client.cookies.items()})
    request.user = get_user_model().objects.create(username="bert")
    viewed(request, tea)
    response = HttpResponse("<html></html>", headers={"Cache-Control": "public"})

    pages.settle(request, response)
    finish(response)

    assert not Event.objects.exists()


def test_someone_who_was_signed_in_before_they_agreed_is_linked_when_a_page_greets_them(asked):
    anna = get_user_model().objects.create(username="anna")
    client = browser()
    client.get(f"/in/{anna.pk}/")
    client.cookies["banner"] = "yes"

    client.get("/greets/")

    assert Visitor.objects.get(key=visitor_of(client)).account == keyed("customer", str(anna.pk))


def test_withdrawing_consent_takes_the_cookie_back_and_marks_the_visitor(asked):
    tea, _ = stocked()
    client = agreeing()
    client.get(f"/shown/{tea.pk}/")
    visitor = visitor_of(client)
    client.cookies["banner"] = "no"

    page = client.get("/plain/")

    assert page.cookies["persona"]["max-age"] == 0
    assert "no-store" in page["Cache-Control"]
    assert Visitor.objects.get(key=visitor).purposes == ""
    client.get(f"/shown/{tea.pk}/")
    assert Event.objects.count() == 1


def test_a_withdrawal_waits_for_a_page_that_nobody_else_stores(asked):
    client = agreeing()
    client.get("/plain/")
    client.cookies["banner"] = "no"

    page = client.get("/cache/public/")

    assert not page.cookies


@pytest.mark.parametrize("value", ["garbage", "x" * 5000, "abc.:1:sig"])
def test_a_forged_cookie_is_nobody_and_is_replaced(asked, value):
    client = agreeing()
    client.cookies["persona"] = value

    page = client.get("/plain/")

    assert page.cookies["persona"].value != value


@pytest.mark.django_db(transaction=True)
def test_a_page_that_was_on_its_way_is_not_taken_for_the_answer_after_a_withdrawal():
    """Another thread takes the consent back between the page's transaction and what follows it."""
    page = Recognised(visitor=5, purposes="measure")
    alias = router.db_for_write(Visitor)

    with transaction.atomic(using=alias):
        assert visitors.write(page)
        elsewhere = ThreadPoolExecutor(1)
        # Not the rows, which SQLite keeps for one writer: what the process knows of them.
        elsewhere.submit(remembered.remember_withdrawn, 5, ("", "")).result()
        elsewhere.shutdown()

    assert not Recognised(withdrawn=5).has_news
    assert visitors.is_unwritten(page)


@pytest.mark.django_db(transaction=True)
def test_a_page_that_was_on_its_way_is_not_taken_for_a_row_after_an_erasure():
    page = Recognised(visitor=5, purposes="measure")

    with transaction.atomic(using=router.db_for_write(Visitor)):
        assert visitors.write(page)
        remembered.forget_some([5])

    assert visitors.is_unwritten(page)
    visitors.write(page)
    assert not visitors.is_unwritten(page)


@pytest.mark.django_db(transaction=True)
def test_a_withdrawal_that_was_rolled_back_is_written_by_whoever_comes_next():
    gone = Recognised(withdrawn=5)

    with pytest.raises(ZeroDivisionError), transaction.atomic(using=router.db_for_write(Visitor)):
        visitors.write(gone)
        raise ZeroDivisionError
    assert gone.has_news
    visitors.write(gone)

    assert not gone.has_news
    assert Visitor.objects.get().purposes == ""
