"""Events over REST: what the script and the apps report, and what they are told."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest
import time_machine
from django.core.cache import cache
from django.test import Client

from persona_django import counters
from persona_django.feedback.models import ServedSlate
from persona_django.identity import cookies, tokens
from persona_django.identity.cookies import VisitorCookie
from persona_django.identity.models import Visitor
from persona_django.tracking.context import Context, Device, Entry, Sender
from persona_django.tracking.ingest import event_uid
from persona_django.tracking.models import Event, Intent
from persona_django.tracking.schema import Kind
from tests.browsing import BROWSER, agreeing, ask_for_consent, open_shop
from tests.reporting import (
    EVENTS,
    cookie_of,
    event,
    key_of,
    post,
    reasons,
    send,
    slate,
    told,
    visitor,
)
from tests.tracking.catalogue import stocked

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shop_that_asks(settings):
    ask_for_consent(settings)
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def tea():
    product, item_id = stocked()
    return f"shop.product:{product.pk}", item_id


def test_what_happened_is_stored_for_the_visitor_of_the_cookie(tea):
    item, item_id = tea
    now = int(time.time())

    response = send(
        visitor(), event("view", item=item), event("dwell", item=item, seconds=31), tz=60
    )

    assert told(response) == "aa"
    assert response.json() == {
        "result": "aa",
        "counts": {"accepted": 2, "duplicate": 0},
        "errors": [],
    }
    view, dwell = Event.objects.order_by("kind")
    assert (view.shopper, view.kind, view.item_id) == (key_of(), Kind.VIEW, item_id)
    assert (dwell.kind, dwell.value, dwell.basis, dwell.store) == (Kind.DWELL, 31, 1, 1)
    assert now - 2 <= view.at <= time.time()


def test_it_is_stored_with_its_circumstances(tea):
    with time_machine.travel("2026-03-01T23:30:00Z", tick=False):
        send(
            visitor(**{"Sec-CH-UA-Mobile": "?1"}),
            event("view", item=tea[0]),
            tz=60,
            entry="campaign",
        )

    assert Context.unpacked(Event.objects.get().context) == Context(
        sender=Sender.SCRIPT,
        device=Device.PHONE,
        entry=Entry.CAMPAIGN,
        hour=0,
        weekday=0,
    )


def test_the_visitor_s_row_is_there_with_their_first_event(tea):
    send(visitor(), event("view", item=tea[0]))

    row = Visitor.objects.get()
    assert (row.key, row.purposes) == (key_of(), "measure,personalise")


def test_searches_filters_and_sorting_are_wishes():
    response = send(
        visitor(),
        event("search", words="Red  SHOES", results=3),
        event("filter", name="price", low=10, high=20.5),
        event("sort", value="cheapest"),
    )

    assert told(response) == "aaa"
    assert list(Intent.objects.order_by("kind").values_list("kind", "words", "low", "high")) == [
        (Intent.Kind.SEARCH, "red shoes", None, None),
        (Intent.Kind.FILTER, "", 1_000, 2_050),
        (Intent.Kind.SORT, "cheapest", None, None),
    ]
    assert set(Intent.objects.values_list("shopper", flat=True)) == {key_of()}


def test_a_view_that_the_middleware_counted_is_the_same_view(settings, tea):
    open_shop(settings)
    settings.ROOT_URLCONF = "tests.api.pages"
    client = agreeing(**{"Sec-Fetch-Site": "same-origin"})
    pk = tea[0].partition(":")[2]
    client.get(f"/shown/{pk}/")
    page = client.get(f"/shown/{pk}/")
    view_id = page["X-View"]

    response = send(client, event("view", id=view_id, item=tea[0]))

    assert told(response) == "d"
    assert Event.objects.filter(uid=event_uid(f"view {view_id}")).count() == 1
    assert "event_mismatch" not in counters.counts()


# -- fault 25: part of a message is wrong -----------------------------------------------------


def test_fault_25_the_good_are_stored_and_the_bad_are_named(tea):
    response = send(
        visitor(),
        event("view", item=tea[0]),
        event("view", item="shop.product:99999999"),
        event("purchase", item=tea[0]),
        "nonsense",
        event("dwell", item=tea[0], seconds=-1),
        event("save", item=tea[0]),
    )

    assert told(response) == "arrrra"
    assert reasons(response) == {"item": 1, "type": 1, "shape": 1, "value": 1}
    assert [(one["event"], one["reason"]) for one in response.json()["errors"]] == [
        (1, "item"),
        (2, "type"),
        (3, "shape"),
    ]
    assert Event.objects.count() == 2
    assert counters.counts()["event_item"] == 1


def test_fault_23_a_message_that_comes_three_times_is_stored_once(tea):
    client = visitor()
    events = [event("view", item=tea[0]), event("search", words="tea"), event("save", item=tea[0])]

    answers = [told(send(client, *events)) for _ in range(3)]

    assert answers == ["aaa", "ddd", "ddd"]
    assert (Event.objects.count(), Intent.objects.count()) == (2, 1)


def test_an_empty_message_is_nothing_wrong():
    assert told(send(visitor())) == ""


# -- slates and clicks ------------------------------------------------------------------------


def test_a_slate_that_was_on_the_screen_is_one_row_and_what_was_chosen_is_marked(tea):
    shown = slate("similar-items", tea[1], 5_001, 5_002)
    name = "v1 similar-items-1"
    client = visitor()

    seen = send(client, event("slate", slate=name, tokens=shown, first=1, seen=[1]))
    more = send(
        client,
        event("slate", slate=name, tokens=shown, first=1, seen=[2]),
        event("click", slate=name, token=shown[1]),
        event("dismiss", slate=name, token=shown[2]),
    )
    again = send(client, event("slate", slate=name, tokens=shown, seen=[1, 2]))

    assert (told(seen), told(more), told(again)) == ("a", "aaa", "d")
    row = ServedSlate.objects.get()
    assert (row.shopper, row.uid) == (key_of(), event_uid(f"slate {name}"))
    assert (row.block, row.version) == ("similar-items", 7)
    assert np.frombuffer(bytes(row.items), "<i8").tolist() == [tea[1], 5_001, 5_002]
    assert (row.seen, row.clicked, row.dismissed) == (0b111, 0b010, 0b100)
    assert set(Event.objects.values_list("kind", "item_id")) == {
        (Kind.CLICK, 5_001),
        (Kind.DISMISS, 5_002),
    }


def test_a_click_that_is_heard_of_before_its_slate_loses_nothing(tea):
    shown = slate("similar-items", tea[1], 5_001)
    client = visitor()
    send(client, event("click", slate="v1 a", token=shown[1]))

    assert told(send(client, event("slate", slate="v1 a", tokens=shown, seen=[1]))) == "a"

    row = ServedSlate.objects.get()
    assert (row.seen, row.clicked) == (0b11, 0b10)


def test_threat_8_a_token_is_one_click_however_often_it_comes(tea):
    client = visitor()
    (token,) = slate("similar-items", tea[1])

    answers = "".join(told(send(client, event("click", token=token))) for _ in range(50))

    assert answers == "a" + "d" * 49
    assert Event.objects.filter(kind=Kind.CLICK).count() == 1
    assert told(send(visitor("another"), event("click", token=token))) == "a"


@pytest.mark.parametrize("type_", ["click", "dismiss", "more_like"])
def test_threat_8_a_token_that_is_no_proof_for_this_visitor_counts_for_nothing(
    settings, tea, type_
):
    (old,) = slate("similar-items", tea[1])
    (theirs,) = slate("reorder", tea[1], customer=77)
    forged = old[:-1] + ("A" if old[-1] != "A" else "B")
    late = visitor()

    assert reasons(send(visitor(), event(type_, token=theirs))) == {"token": 1}
    assert reasons(send(visitor(), event(type_, token=forged))) == {"token": 1}
    with time_machine.travel(time.time() + 8 * 86_400):
        settings.PERSONA = {**settings.PERSONA}
        late.cookies["persona"] = cookie_of("someone")
        assert reasons(send(late, event(type_, token=old))) == {"token": 1}
    assert not Event.objects.exists()


def test_the_owner_of_a_personal_slate_may_click_in_it(tea, django_user_model):
    ann = django_user_model.objects.create_user("ann")
    client = visitor()
    client.force_login(ann)
    from persona_django.identity.shoppers import customer_key

    (token,) = slate("reorder", tea[1], customer=customer_key(ann))

    assert told(send(client, event("click", token=token))) == "a"


def test_tokens_of_two_slates_are_no_slate(tea):
    mixed = [*slate("similar-items", tea[1]), *slate("reorder", 1, 2)[1:]]

    assert reasons(send(visitor(), event("slate", slate="s", tokens=mixed))) == {"token": 1}
    assert not ServedSlate.objects.exists()


# -- sensitive things -------------------------------------------------------------------------


def test_nothing_about_sensitive_items_is_kept(tea):
    from persona_django.catalogue.models import Item

    secret, secret_id = stocked("Test kit")
    Item.objects.filter(pk=secret_id).update(sensitive=True)
    shown = slate("similar-items", secret_id, tea[1])
    named = f"shop.product:{secret.pk}"

    response = send(
        visitor(),
        event("view", item=named),
        event("click", token=shown[0], slate="s"),
        event("slate", slate="s", tokens=shown, seen=[1, 2]),
        event("slate", slate="t", tokens=shown[:1], seen=[1]),
        event("view", item=tea[0]),
    )

    assert told(response) == "rrara"
    assert reasons(response) == {"sensitive": 3}
    row = ServedSlate.objects.get()
    assert np.frombuffer(bytes(row.items), "<i8").tolist() == [0, tea[1]]
    assert row.seen == 0b10
    assert Event.objects.values_list("item_id", flat=True).get() == tea[1]


# -- consent ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers", [{}, {"Sec-GPC": "1"}, {"DNT": "1"}], ids=["no answer", "GPC", "DNT"]
)
def test_without_consent_nothing_is_kept_and_the_script_stops(tea, headers):
    client = visitor(agreed=bool(headers), **headers)

    response = send(client, event("view", item=tea[0]), event("search", words="tea"))

    assert told(response) == "rr"
    assert response.json()["stop"] is True
    assert reasons(response) == {"consent": 2}
    assert not Event.objects.exists() and not Intent.objects.exists()
    assert not Visitor.objects.exclude(purposes="").exists()
    assert counters.counts()["event_consent"] == 2


def test_what_is_on_its_way_while_consent_is_taken_back_is_not_kept(tea):
    visitor(agreed=False).get("/plain/")
    assert Visitor.objects.get().purposes == ""

    # Sent before the banner's answer was changed, and come after it.
    response = send(visitor(), event("view", item=tea[0]), event("search", words="tea"))

    assert (told(response), response.json()["stop"]) == ("rr", True)
    assert reasons(response) == {"consent": 2}
    assert not Event.objects.exists() and not Intent.objects.exists()


def test_who_may_be_asked_about_is_told_to_the_script():
    agreed = visitor().get(EVENTS)
    refused = visitor(agreed=False).get(EVENTS)

    assert agreed.json() == {
        "allowed": True,
        "purposes": ["measure", "personalise", "experiment"],
    }
    assert refused.json() == {"allowed": False, "purposes": []}
    assert agreed["Cache-Control"] == "private, no-store"
    assert not agreed.cookies


def test_who_opted_out_is_left_alone(tea):
    client = visitor()
    client.cookies["persona_off"] = "1"

    response = send(client, event("view", item=tea[0]))

    assert (told(response), response.json()["stop"]) == ("r", True)
    assert client.get(EVENTS).json()["allowed"] is False


def test_who_paused_is_left_alone_although_they_agreed(tea):
    from persona_django.identity import restrictions

    client = visitor()
    send(client, event("view", item=tea[0]))
    restrictions.restrict([key_of()], restrictions.Kind.PAUSED)

    response = send(client, event("save", item=tea[0]))

    assert (told(response), response.json()["stop"]) == ("r", True)
    assert reasons(response) == {"consent": 1}
    assert Event.objects.count() == 1


# -- whose events they are --------------------------------------------------------------------


def test_a_browser_that_agreed_on_a_cached_page_begins_with_its_script(tea):
    client = Client(headers={"User-Agent": BROWSER, "Sec-Fetch-Site": "same-origin"})
    client.cookies["banner"] = "yes"

    response = send(client, event("view", item=tea[0]))

    assert told(response) == "a"
    cookie = response.cookies["persona"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"
    assert response["Cache-Control"] == "private, no-store"
    assert told(send(client, event("save", item=tea[0]))) == "a"
    assert "persona" not in send(client, event("unsave", item=tea[0])).cookies
    assert Event.objects.values("shopper").distinct().count() == Visitor.objects.count() == 1


def test_a_cookie_that_was_forged_is_nobody_s(tea):
    client = visitor()
    client.cookies["persona"] = cookie_of("someone")[:-1] + "x"

    send(client, event("view", item=tea[0]))

    assert not Event.objects.filter(shopper=key_of()).exists()


def test_a_cookie_that_belongs_to_a_customer_who_left_speaks_for_nobody(tea, django_user_model):
    client = visitor()
    ann = django_user_model.objects.create_user("ann")
    hers = cookies.signed(VisitorCookie(pseudonym="hers", mark=cookies.mark_of("hers", ann)))
    client.cookies["persona"] = hers

    response = send(client, event("view", item=tea[0]))

    assert reasons(response) == {"visitor": 1}
    # Whoever uses the browser now was given a cookie of their own with that.
    assert response.cookies["persona"].value != hers
    client.cookies["persona"] = hers
    client.force_login(ann)
    assert told(send(client, event("view", item=tea[0]))) == "a"
    assert Event.objects.get().shopper == key_of("hers")


def app(pseudonym: str = "app") -> Client:
    """An app: no cookies, no origin, a token in a header, and a name like a robot's."""
    token = tokens.issue(VisitorCookie(pseudonym=pseudonym))
    client = Client(headers={"User-Agent": "okhttp/4.12.0", "X-Persona-Visitor": token})
    client.cookies["banner"] = "yes"
    return client


def test_an_app_brings_its_visitor_in_a_header(tea):
    assert told(send(app(), event("view", item=tea[0]))) == "a"
    assert Event.objects.get().shopper == key_of("app")


def test_an_app_is_under_the_same_consent_and_the_same_limits(settings, tea):
    silent = app()
    del silent.cookies["banner"]
    settings.PERSONA = {**settings.PERSONA, "VISITOR_REQUESTS": 2}

    assert reasons(send(silent, event("view", item=tea[0]))) == {"consent": 1}
    answers = [send(app(), event("view", item=tea[0])).status_code for _ in range(3)]
    assert answers == [200, 200, 202]


def test_an_app_with_a_token_of_somebody_s_own_making_is_nobody(tea):
    client = app()
    client.defaults["HTTP_X_PERSONA_VISITOR"] = cookie_of("someone")

    response = send(client, event("view", item=tea[0]))

    assert reasons(response) == {"visitor": 1}
    assert not response.cookies


def test_a_robot_by_its_own_words_reports_nothing(tea):
    client = visitor(**{"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"})

    assert reasons(send(client, event("view", item=tea[0]))) == {"robot": 1}


# -- the rest of the protocol -----------------------------------------------------------------


@pytest.mark.parametrize("content_type", ["application/json", "text/plain;charset=UTF-8"])
def test_a_beacon_of_plain_text_is_as_good_as_json(tea, content_type):
    body = json.dumps({"events": [event("view", item=tea[0])]}).encode()

    assert told(post(visitor(), body, content_type)) == "a"


@pytest.mark.parametrize("method", ["put", "patch", "delete", "head"])
def test_there_is_only_asking_and_telling(method):
    response = getattr(visitor(), method)(EVENTS)

    assert response.status_code == 405
    assert response["Allow"] == "GET, POST, OPTIONS"


def test_switched_off_there_is_nothing_to_be_found(settings):
    settings.PERSONA = {**settings.PERSONA, "ENABLED": False}

    assert send(visitor()).status_code == 404
    assert visitor().get(EVENTS).status_code == 404


def test_the_shop_s_own_rules_for_its_api_keep_no_visitor_from_reporting(tea, monkeypatch):
    from rest_framework.permissions import IsAdminUser
    from rest_framework.views import APIView

    monkeypatch.setattr(APIView, "permission_classes", [IsAdminUser])

    assert told(send(visitor(), event("view", item=tea[0]))) == "a"


def test_nobody_needs_a_token_of_the_shop_s_forms(tea):
    client = Client(
        headers={"User-Agent": BROWSER, "Sec-Fetch-Site": "same-origin"}, enforce_csrf_checks=True
    )
    client.cookies["persona"], client.cookies["banner"] = cookie_of("someone"), "yes"

    assert told(send(client, event("view", item=tea[0]))) == "a"


@pytest.mark.django_db(transaction=True)
def test_one_message_costs_few_queries(tea, django_assert_num_queries):
    client = visitor()
    send(client, event("view", item=tea[0]))
    events = [event("view", item=tea[0]) for _ in range(20)]

    # The item, as there is no snapshot, whether it is sensitive, and one statement for all.
    with django_assert_num_queries(3):
        assert told(send(client, *events)) == "a" * 20
