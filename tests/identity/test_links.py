"""Visitors and their customers: linked whatever fails at sign-in, and nobody with another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import connections, router
from django.test import Client
from django.test.utils import CaptureQueriesContext

from persona_django.identity import remembered, restrictions, tokens, visitors
from persona_django.identity.erasure import erase
from persona_django.identity.keys import keyed
from persona_django.identity.models import Restriction, Visitor
from persona_django.identity.subjects import (
    is_paused,
    resume,
    subject_of,
    subject_of_customer,
    subject_of_visitor,
)
from persona_django.tracking import page_limits
from persona_django.tracking.models import Event
from persona_django.tracking.shop_calls import track
from tests.browsing import agreeing, ask_for_consent, open_shop, visitor_of
from tests.identity.test_left_alone import request_of
from tests.reporting import event, send, told
from tests.tracking.catalogue import stocked

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _shop(settings: Any) -> None:
    open_shop(settings)
    ask_for_consent(settings)


@pytest.fixture
def anna() -> Any:
    return get_user_model().objects.create(username="anna")


@pytest.fixture
def bert() -> Any:
    return get_user_model().objects.create(username="bert")


def customer(user: Any) -> int:
    return keyed("customer", str(user.pk))


@contextmanager
def resting() -> Iterator[None]:
    """While the database takes nothing about visitors."""

    def refuse(*given: Any) -> bool:
        raise RuntimeError("no")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(visitors, "_keep", refuse)
        yield


def signed_in_while_the_database_rests(client: Client, user: Any) -> None:
    with resting():
        client.get(f"/in/{user.pk}/")


def token_of(app: Client, present: str = "") -> str:
    """The token that an app is given for the one it has."""
    headers = {tokens.HEADER: present} if present else {}
    return str(app.post("/persona/api/v1/visitor/", headers=headers).json()["visitor"])


def key_of(token: str) -> int:
    visitor = tokens.opened(token)
    assert visitor is not None
    return visitor.key


def browsed(client: Client) -> tuple[int, str]:
    """One page of somebody signed out: who they are, and the page of the item."""
    tea, _ = stocked()
    address = f"/shown/{tea.pk}/"
    client.get(address)
    return visitor_of(client), address


def test_a_link_that_failed_at_sign_in_is_made_by_the_next_page_that_knows_who_is_signed_in(anna):
    client = agreeing()
    before, tea = browsed(client)
    signed_in_while_the_database_rests(client, anna)
    client.get(tea)
    assert set(Visitor.objects.values_list("account", flat=True)) == {None}

    client.get("/greets/")

    hers = customer(anna)
    assert dict(Visitor.objects.values_list("key", "account")) == {
        before: hers,
        visitor_of(client): hers,
    }
    erase(subject_of_customer(anna.pk))
    assert not Event.objects.exists()
    assert not Visitor.objects.exists()


@pytest.mark.parametrize("how", ["signed in", "by the cookie they quote"])
def test_an_erasure_reaches_what_was_done_before_a_sign_in_whose_link_failed(anna, how):
    client = agreeing()
    browsed(client)
    signed_in_while_the_database_rests(client, anna)
    request = request_of(client, anna)

    if how == "signed in":
        erase(subject_of(request))
    else:
        erase(subject_of_visitor(request.COOKIES["persona"]))

    assert not Event.objects.exists()
    assert not Visitor.objects.exists()


def test_an_erasure_does_not_reach_what_is_somebody_else_s_by_now(anna, bert):
    client = agreeing()
    before, _ = browsed(client)
    signed_in_while_the_database_rests(client, anna)
    Visitor.objects.filter(key=before).update(account=customer(bert))

    erase(subject_of(request_of(client, anna)))

    assert Visitor.objects.filter(key=before).exists()


def test_whoever_resumes_is_watched_again_although_their_sign_in_met_a_pause(anna):
    client = agreeing()
    before, _ = browsed(client)
    signed_in_while_the_database_rests(client, anna)
    request = request_of(client, anna)
    # As a page of another process notes it, where a customer paused elsewhere.
    restrictions.restrict([before, visitor_of(client), customer(anna)], Restriction.Kind.PAUSED)

    resume(subject_of(request))
    assert track(request, "cart_add", stocked()[0])

    assert Event.objects.filter(shopper=visitor_of(client)).exists()
    assert not is_paused(subject_of(request))


def test_a_visitor_of_before_who_stays_paused_mutes_nobody_who_goes_on(anna):
    client = agreeing()
    before, _ = browsed(client)
    signed_in_while_the_database_rests(client, anna)
    restrictions.restrict([before], Restriction.Kind.PAUSED)

    assert track(request_of(client, anna), "cart_add", stocked()[0])

    assert Event.objects.filter(shopper=visitor_of(client)).exists()
    assert Visitor.objects.get(key=before).account is None


def test_a_link_over_a_limit_at_sign_in_is_made_once_the_limit_allows_it(anna, settings):
    client = agreeing()
    before, tea = browsed(client)
    settings.PERSONA = {**settings.PERSONA, "VISITOR_REQUESTS": 1}
    for _ in range(30):
        agreeing().get(tea)
    client.get(f"/in/{anna.pk}/")
    assert not Visitor.objects.filter(account__isnull=False).exists()

    settings.PERSONA = {**settings.PERSONA, "VISITOR_REQUESTS": 60}
    cache.clear()
    page_limits.forget()
    client.get("/greets/")

    linked = Visitor.objects.filter(account=customer(anna))
    assert set(linked.values_list("key", flat=True)) == {before, visitor_of(client)}


def test_a_link_that_failed_at_sign_in_is_made_by_what_the_script_reports(anna, settings):
    client = agreeing()
    before, _ = browsed(client)
    signed_in_while_the_database_rests(client, anna)

    settings.ROOT_URLCONF = "tests.urls"
    client.defaults["HTTP_SEC_FETCH_SITE"] = "same-origin"
    item = f"shop.product:{stocked()[0].pk}"
    assert told(send(client, event("view", item=item))) == "a"

    linked = Visitor.objects.filter(account=customer(anna))
    assert set(linked.values_list("key", flat=True)) == {before, visitor_of(client)}


def test_a_link_that_failed_at_sign_in_is_made_by_what_the_shop_tells(anna):
    client = agreeing()
    before, _ = browsed(client)
    signed_in_while_the_database_rests(client, anna)

    assert track(request_of(client, anna), "cart_add", stocked()[0])

    linked = Visitor.objects.filter(account=customer(anna))
    assert set(linked.values_list("key", flat=True)) == {before, visitor_of(client)}


def test_a_link_that_is_known_to_stand_is_not_written_again(anna):
    client = agreeing()
    client.get(f"/in/{anna.pk}/")
    assert remembered.is_linked(visitor_of(client))

    with CaptureQueriesContext(connections[router.db_for_write(Visitor)]) as asked:
        client.get("/greets/")

    assert not [one["sql"] for one in asked if "persona_visitor" in one["sql"]]


def test_a_visitor_of_before_who_is_too_old_and_gone_is_not_brought_back(anna):
    client = agreeing()
    before, _ = browsed(client)
    client.get(f"/in/{anna.pk}/")
    Visitor.objects.filter(key=before).delete()
    remembered.forget()

    client.get("/greets/")

    assert Visitor.objects.get().key == visitor_of(client)
    assert remembered.is_linked(visitor_of(client))


def test_an_app_s_link_that_failed_is_made_when_it_asks_again(anna, settings):
    settings.ROOT_URLCONF = "tests.urls"
    app = Client(headers={"User-Agent": "okhttp/4.12.0"})
    app.cookies["banner"] = "yes"
    before = token_of(app)
    app.force_login(anna)
    with resting():
        hers = token_of(app, before)
    assert not Visitor.objects.exists()

    assert token_of(app, hers) == hers

    linked = Visitor.objects.filter(account=customer(anna))
    assert set(linked.values_list("key", flat=True)) == {key_of(before), key_of(hers)}


def test_whoever_signs_in_after_a_customer_never_gets_hers_although_her_link_failed(anna, bert):
    client = agreeing()
    signed_in_while_the_database_rests(client, anna)
    browsed(client)
    hers = visitor_of(client)
    assert Visitor.objects.get(key=hers).account is None

    client.get(f"/in/{bert.pk}/")
    client.get("/greets/")

    assert Visitor.objects.get(key=hers).account is None
    assert Visitor.objects.get(key=visitor_of(client)).account == customer(bert)


def test_an_app_s_next_user_never_gets_the_history_of_one_whose_link_failed(anna, bert, settings):
    settings.ROOT_URLCONF = "tests.urls"
    app = Client(headers={"User-Agent": "okhttp/4.12.0"})
    app.cookies["banner"] = "yes"
    app.force_login(anna)
    with resting():
        hers = token_of(app)
    Visitor.objects.create(key=key_of(hers), purposes="measure")

    app.force_login(bert)
    his = token_of(app, hers)

    assert Visitor.objects.get(key=key_of(hers)).account is None
    assert Visitor.objects.get(key=key_of(his)).account == customer(bert)
