"""A new secret key: old cookies count as long as the shop says, and nothing breaks (fault 48)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import RequestFactory

from persona_django.catalogue import state
from persona_django.identity import restrictions
from persona_django.identity.erasure import erase, export
from persona_django.identity.models import Standing, Visitor
from persona_django.identity.shoppers import Shopper, customer_key
from persona_django.identity.subjects import pause, subject_of_customer, subject_of_keys
from persona_django.importing.runs import import_file
from persona_django.tracking.events import read_events
from persona_django.tracking.models import Event
from persona_django.tracking.shop_calls import track
from persona_django.tracking.shop_orders import purchased
from tests.browsing import agreeing, ask_for_consent, open_shop, visitor_of
from tests.importing.files import EVENTS
from tests.signing import SECRETS, report, send
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


def test_a_signed_in_customer_goes_on_as_who_they_were(settings):
    tea, _ = stocked()
    anna = get_user_model().objects.create(username="anna")
    client = agreeing()
    client.get(f"/in/{anna.pk}/")
    cookie = client.cookies["persona"].value
    rotate(settings, fallback=True)

    client.get("/greets/")
    page = client.get(f"/shown/{tea.pk}/")

    assert page.status_code == 200
    assert client.cookies["persona"].value == cookie
    assert set(Event.objects.values_list("shopper", flat=True)) == {Visitor.objects.get().key}


@pytest.mark.django_db(transaction=True)
def test_a_pause_of_before_holds_for_the_browser(settings):
    tea, _ = stocked()
    client = agreeing()
    client.get(f"/shown/{tea.pk}/")
    pause(subject_of_keys([visitor_of(client)]))
    rotate(settings, fallback=True)

    client.get(f"/shown/{tea.pk}/")

    assert Event.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_whoever_takes_their_consent_back_after_the_rotation_teaches_nothing_any_more(settings):
    tea, _ = stocked()
    client = agreeing()
    client.get(f"/shown/{tea.pk}/")
    Visitor.objects.update(standing=Standing.QUALIFIED)
    assert len(read_events()) == 1
    rotate(settings, fallback=True)

    client.cookies["banner"] = "no"
    client.get("/plain/")

    assert Visitor.objects.get().purposes == ""
    assert len(read_events()) == 0


def in_a_new_process(settings: Any) -> None:
    """Nothing was heard yet of who paused before the key was rotated."""
    rotate(settings, fallback=True)
    restrictions.forget()
    state.forget()


@pytest.fixture
def anna() -> Any:
    """A customer who paused before the rotation."""
    made = get_user_model().objects.create(username="anna")
    pause(subject_of_customer(made.pk))
    return made


@pytest.mark.django_db(transaction=True)
def test_a_pause_of_before_holds_for_a_customer_in_a_process_that_has_not_heard_yet(
    settings, anna
):
    tea, _ = stocked()
    in_a_new_process(settings)
    client = agreeing()

    client.get(f"/in/{anna.pk}/")
    client.get(f"/shown/{tea.pk}/")

    assert not Visitor.objects.exists()
    assert not Event.objects.exists()


SAID: dict[str, Callable[[Any, Any], Any]] = {
    "of a customer": lambda anna, tea: purchased(anna, order=1, lines=[tea]),
    "of a shopper": lambda anna, tea: track(
        Shopper(user=anna, customer=customer_key(anna)), "cart_add", tea
    ),
    "of a request": lambda anna, tea: purchased(request_of(anna), order=1, lines=[tea]),
}


def request_of(user: Any) -> Any:
    made = RequestFactory().post("/checkout/")
    made.user = user
    return made


@pytest.mark.parametrize("what", SAID)
@pytest.mark.django_db(transaction=True)
def test_a_pause_of_before_holds_for_what_the_shops_code_says(settings, anna, what):
    tea, _ = stocked()
    in_a_new_process(settings)

    assert not SAID[what](anna, tea)

    assert not Event.objects.exists()


@pytest.mark.parametrize("basis", ["customer", "aggregate"])
def test_a_pause_of_before_holds_for_what_another_server_says(settings, anna, basis):
    tea, _ = stocked()
    in_a_new_process(settings)
    settings.ROOT_URLCONF = "tests.urls"
    settings.PERSONA = {**settings.PERSONA, "SERVER_KEYS": SECRETS}

    whose = {"customer": str(anna.pk), "basis": basis}
    answer = send(report("purchase", item=f"shop.product:{tea.pk}", order="1", **whose))

    assert answer.json()["counts"]["consent"] == 1
    assert not Event.objects.exists()


def test_a_pause_of_before_holds_for_an_imported_history(settings, anna, tmp_path):
    tea, _ = stocked()
    in_a_new_process(settings)
    lines = [f"{who},{tea.pk},view,1790000000" for who in (anna.pk, 77)]
    file = tmp_path / "events.csv"
    file.write_text("\n".join(["user_id,item_id,event,timestamp", *lines]))

    import_file(file, EVENTS)

    assert Event.objects.count() == 1


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
