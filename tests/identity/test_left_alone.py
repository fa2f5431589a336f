"""Somebody who paused or was erased, met by pages, by the shop's own code and by blocks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import RequestFactory

from persona_django.catalogue import state
from persona_django.catalogue.state import read_state
from persona_django.identity import cookies, restrictions, visitors
from persona_django.identity.cookies import VisitorCookie
from persona_django.identity.erasure import ERASURES, erase, replay
from persona_django.identity.keys import keyed
from persona_django.identity.models import Restriction, Visitor
from persona_django.identity.restrictions import Kind
from persona_django.identity.shoppers import Shopper, resolve
from persona_django.identity.subjects import (
    pause,
    resume,
    subject_of,
    subject_of_customer,
    subject_of_keys,
)
from persona_django.identity.visitors import Recognised
from persona_django.serving.recommend import recommend
from persona_django.tracking.events import read_events
from persona_django.tracking.models import Event, Intent
from persona_django.tracking.orders import read_orders
from persona_django.tracking.shop_calls import track
from tests.browsing import agreeing, ask_for_consent, open_shop, visitor_of
from tests.factories import products, read_catalogue
from tests.identity.held import hold_everything, rows_of
from tests.reporting import event, key_of, send, told, visitor
from tests.tracking.catalogue import stocked
from tests.training.history import buy, customers, look

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shop(settings: Any) -> None:
    open_shop(settings)
    ask_for_consent(settings)


def request_of(client: Any, user: Any = None) -> Any:
    made = RequestFactory().post("/cart/")
    made.COOKIES.update({name: morsel.value for name, morsel in client.cookies.items()})
    if user is not None:
        made.user = user
    return made


def elsewhere(do: Any) -> None:
    """Something that another process does: this one has not heard of it."""
    known = restrictions._known
    do()
    restrictions._known = known


@pytest.mark.django_db(transaction=True)
def test_no_page_and_no_code_of_the_shop_records_them_and_their_history_stays():
    tea, _ = stocked()
    client = agreeing()
    client.get(f"/shown/{tea.pk}/")
    subject = subject_of_keys([visitor_of(client)])
    cookie = client.cookies["persona"].value

    pause(subject)
    page = client.get(f"/shown/{tea.pk}/")
    assert not track(request_of(client), "cart_add", tea)
    assert not page.cookies and client.cookies["persona"].value == cookie
    assert Event.objects.count() == 1

    resume(subject)
    client.get(f"/shown/{tea.pk}/")
    assert track(request_of(client), "cart_add", tea)
    assert Event.objects.count() == 3


def test_a_page_whose_process_has_not_heard_of_it_writes_nothing_all_the_same(settings):
    settings.PERSONA = {**settings.PERSONA, "STATE_MAX_AGE": timedelta(0)}
    tea, _ = stocked()
    client = agreeing()
    client.get(f"/shown/{tea.pk}/")
    visitor = visitor_of(client)
    elsewhere(lambda: pause(subject_of_keys([visitor])))

    client.get(f"/shown/{tea.pk}/")
    assert Event.objects.count() == 1
    elsewhere(lambda: resume(subject_of_keys([visitor])))

    client.get(f"/shown/{tea.pk}/")
    client.get(f"/shown/{tea.pk}/")
    assert Event.objects.count() == 2


@pytest.mark.parametrize("kind", [Kind.PAUSED, Kind.ERASED])
def test_a_report_whose_process_has_not_heard_of_it_is_refused_all_the_same(settings, kind):
    settings.PERSONA = {**settings.PERSONA, "STATE_MAX_AGE": timedelta(0)}
    settings.ROOT_URLCONF = "tests.urls"
    tea = f"shop.product:{stocked()[0].pk}"
    client = visitor()
    assert told(send(client, event("view", item=tea))) == "a"
    elsewhere(lambda: restrictions.restrict([key_of()], kind))

    answer = send(client, event("save", item=tea), event("search", words="tea"))

    assert told(answer) == "rr"
    assert Event.objects.count() == 1
    assert not Intent.objects.exists()


def test_a_paused_customer_who_signs_in_elsewhere_is_not_recognised_there_either():
    tea, _ = stocked()
    anna = get_user_model().objects.create(username="anna")
    pause(subject_of_customer(anna.pk))
    client = agreeing()
    client.get(f"/in/{anna.pk}/")

    client.get("/greets/")
    client.get(f"/shown/{tea.pk}/")

    assert not Visitor.objects.filter(account__isnull=False).exists()
    assert not resolve(request_of(client, anna)).consented
    assert resolve(request_of(client, anna)).left_alone


def test_a_link_made_before_the_process_heard_of_it_leaves_that_browser_alone_too():
    customer = keyed("customer", "31")
    restrictions.restrict([customer], Kind.PAUSED)

    visitors.write(Recognised(visitor=5, before=4, account=customer, purposes="measure"))

    assert not Visitor.objects.exists()
    assert set(Restriction.objects.values_list("key", flat=True)) == {customer, 4, 5}


def test_what_was_stored_before_the_link_of_an_erased_customer_goes_with_the_next_sweep():
    """At sign-in the database rested, so that the erasure did not find these two."""
    customer = keyed("customer", "31")
    for key in (4, 5):
        hold_everything(key)
    erase(subject_of_customer(31))
    moved = read_state(fresh=True)[ERASURES]

    assert not visitors.write(
        Recognised(visitor=5, before=4, account=customer, purposes="measure")
    )
    replay()

    assert rows_of(4, 5) == 0
    assert all(map(restrictions.is_erased, (4, 5)))
    assert read_state(fresh=True)[ERASURES] > moved


def test_what_is_another_customers_by_now_is_neither_erased_nor_paused_nor_taken_back():
    """A copied cookie: two people signed in from the same anonymous visitor."""
    anna, ben = keyed("customer", "31"), keyed("customer", "32")
    for key in (4, 5):
        hold_everything(key)
    Visitor.objects.filter(key=4).update(account=ben)
    held = rows_of(4)
    restrictions.restrict([anna], Kind.ERASED)

    assert not visitors.write(Recognised(visitor=5, before=4, account=anna, purposes="measure"))
    visitors.write(Recognised(withdrawn=6, before=4))
    replay()

    assert rows_of(4) == held
    assert rows_of(5) == 0
    assert not restrictions.is_erased(4)
    assert Visitor.objects.get(key=4).purposes != ""
    assert Visitor.objects.get(key=6).purposes == ""


def test_withdrawing_after_an_erasure_leaves_no_row_of_the_visitor():
    restrictions.restrict([5], Kind.ERASED)

    visitors.write(Recognised(withdrawn=5))

    assert not Visitor.objects.exists()


def test_withdrawing_while_paused_is_noted():
    restrictions.restrict([5], Kind.PAUSED)

    visitors.write(Recognised(withdrawn=5))

    assert Visitor.objects.get().purposes == ""


def test_a_pause_survives_a_new_secret_key_for_who_is_signed_in(settings):
    tea, _ = stocked()
    anna = get_user_model().objects.create(username="anna")
    pause(subject_of_customer(anna.pk))
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-secret-key" * 3
    client = agreeing()

    client.get(f"/in/{anna.pk}/")
    client.get("/greets/")
    client.get(f"/shown/{tea.pk}/")

    assert not Visitor.objects.filter(account__isnull=False).exists()


def test_learning_reads_nothing_of_them_by_visitor_by_account_or_by_order():
    shown = products(2)
    read_catalogue()
    look([11, 12, 13, 14], shown)
    Visitor.objects.create(key=12, account=99, purposes="measure")
    Visitor.objects.create(key=13, account=98, purposes="measure")
    anna, bert = customers(2)
    buy([anna, bert], shown)

    restrictions.restrict([11, 99, 13, keyed("customer", str(anna.pk))], Kind.PAUSED)

    assert set(read_events().shopper.tolist()) == {14}
    assert set(read_orders().shopper.tolist()) == {keyed("customer", str(bert.pk))}


def test_orders_of_a_guest_who_objected_teach_nothing():
    from persona_django.identity.subjects import subject_of_guest
    from tests.shop.models import Order

    shown = products(1)
    read_catalogue()
    buy([None, None], shown)
    Order.objects.filter(pk=Order.objects.first().pk).update(email="Guest@Shop.example")

    pause(subject_of_guest("guest@shop.example"))

    assert len(read_orders()) == 1


def test_their_own_orders_are_not_shown_to_them_nor_in_an_email(settings):
    settings.ROOT_URLCONF = "tests.urls"
    shown = products(2)
    read_catalogue()
    (anna,) = customers(1)
    buy([anna], shown, days_ago=40)
    shopper = Shopper(user=anna, customer=keyed("customer", str(anna.pk)))
    assert recommend(shopper, "reorder")

    pause(subject_of_customer(anna.pk))
    state.forget()

    slate = recommend(shopper, "reorder")
    assert not slate
    assert "left alone" in slate.why_empty
    assert recommend(shopper, "similar-items", seeds=[shown[0]])
    # One whom the shop names as a visitor is left alone by that number as well.
    restrictions.restrict([5], Kind.PAUSED)
    assert not recommend(replace(shopper, visitor=5), "reorder")


def test_who_opted_out_in_this_browser_is_shown_what_everybody_is(settings):
    settings.ROOT_URLCONF = "tests.urls"
    shown = products(3)
    read_catalogue()
    (anna,) = customers(1)
    buy([anna], shown, days_ago=40)
    request = request_of(agreeing(), anna)
    assert recommend(request, "reorder")

    other = request_of(agreeing(), anna)
    other.COOKIES["persona_off"] = "1"

    assert not recommend(other, "reorder")
    assert recommend(other, "similar-items", seeds=[shown[0]])


def arriving(pk: int) -> tuple[Any, Any]:
    """A browser with a cookie of ours and no row yet, and its first page, half of it gone out."""
    client = agreeing()
    client.cookies["persona"] = cookies.signed(VisitorCookie.fresh())
    page = client.get(f"/streamed/{pk}/")
    return client, page


@pytest.mark.parametrize("do", [erase, pause])
@pytest.mark.django_db(transaction=True)
def test_who_has_enough_while_their_first_page_goes_out_leaves_no_row_of_it(do):
    tea, _ = stocked()
    client, page = arriving(tea.pk)

    do(subject_of(request_of(client)))
    b"".join(page.streaming_content)

    assert not Visitor.objects.exists() and not Event.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_first_page_that_was_written_by_a_process_that_had_not_heard_of_the_erasure_goes_again(
    monkeypatch,
):
    tea, _ = stocked()
    client, page = arriving(tea.pk)
    with monkeypatch.context() as not_yet:
        not_yet.setattr(restrictions, "_reload", lambda revision: None)
        erase(subject_of(request_of(client)))
        b"".join(page.streaming_content)
    assert Visitor.objects.count() == Event.objects.count() == 1
    moved = state.read_state(fresh=True).get(ERASURES, 0)

    replay()

    assert not Visitor.objects.exists() and not Event.objects.exists()
    assert state.read_state(fresh=True)[ERASURES] > moved
