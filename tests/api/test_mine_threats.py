"""What is changed for a visitor is their own wish, and holds whatever fails on the way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import connections, router
from django.test import Client
from rest_framework.authentication import BaseAuthentication, BasicAuthentication
from rest_framework.views import APIView

from persona_django.api import throttles
from persona_django.catalogue.state import read_state
from persona_django.identity import cookies, holdings, restrictions, tokens
from persona_django.identity.cookies import VisitorCookie
from persona_django.identity.erasure import ERASURES, bury
from persona_django.identity.keys import keyed
from persona_django.identity.models import Restriction, Visitor
from tests.api.test_mine import CHANGES, ME, PAUSE, RESUME, by_script, token_of, visiting
from tests.browsing import BROWSER, FROM_COOKIE
from tests.factories import product, read_catalogue
from tests.identity.held import hold_everything, rows_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def asked(settings: Any) -> None:
    cache.clear()
    settings.PERSONA = {**settings.PERSONA, **FROM_COOKIE}


class ByCookie(BaseAuthentication):
    """A shop's own way, as packages for tokens in cookies have it: a browser sends it along."""

    def authenticate(self, request: Any) -> Any:
        name = request.COOKIES.get("ticket")
        return (get_user_model().objects.get(username=name), None) if name else None


@pytest.fixture
def in_one_transaction() -> Iterator[None]:
    """Each request of the shop is one transaction."""
    connections["default"].settings_dict["ATOMIC_REQUESTS"] = True
    yield
    connections["default"].settings_dict["ATOMIC_REQUESTS"] = False


def ask_a_table_that_is_not_there(*given: Any) -> Any:
    with connections[router.db_for_write(Visitor)].cursor() as cursor:
        cursor.execute("SELECT * FROM nowhere")


@pytest.fixture
def broken_holding() -> Iterator[None]:
    """A table of the shop's whose migration was never run."""
    holdings.register(
        holdings.Holding(
            name="wishes", about="", fields={}, tell=lambda subject: iter(()),
            erase=ask_a_table_that_is_not_there,
        )
    )  # fmt: skip
    yield
    holdings.unregister("wishes")


@pytest.mark.django_db(transaction=True)
def test_an_erasure_that_fails_half_way_keeps_what_it_did_where_requests_are_transactions(
    in_one_transaction, broken_holding
):
    client, key = visiting()

    answer = client.delete(ME)

    assert answer.status_code == 503
    assert answer.json()["failed"] == ["wishes"]
    assert rows_of(key) == 0
    assert restrictions.is_erased(key)


@pytest.mark.django_db(transaction=True)
def test_what_is_erased_goes_in_transactions_of_its_own_where_requests_are_transactions(
    in_one_transaction,
):
    """In one, every other writer of the shop would wait for the last chunk."""
    seen = []

    def erase(subject: Any, most: int) -> int:
        seen.append(connections[router.db_for_write(Visitor)].in_atomic_block)
        return 0

    holdings.register(
        holdings.Holding(name="x", about="", fields={}, tell=lambda subject: iter(()), erase=erase)
    )
    client, _ = visiting()
    try:
        assert client.delete(ME).status_code == 200
    finally:
        holdings.unregister("x")

    assert seen == [False]


@pytest.mark.parametrize(("method", "address"), CHANGES)
def test_a_shops_own_cookie_that_names_a_customer_is_guarded_by_the_shops_token(
    monkeypatch, method, address
):
    monkeypatch.setattr(APIView, "authentication_classes", [ByCookie])
    anna = get_user_model().objects.create(username="anna")
    hold_everything(77, account=keyed("customer", str(anna.pk)))
    client = Client(enforce_csrf_checks=True)
    client.cookies["ticket"] = "anna"

    assert by_script(client, method, address).status_code == 403
    assert not Restriction.objects.exists() and rows_of(77) > 0

    headers = {"X-CSRFToken": token_of(client)}
    assert by_script(client, method, address, **headers).status_code == 200


@pytest.mark.parametrize(("method", "address"), CHANGES)
def test_a_password_that_the_browser_adds_by_itself_is_guarded_too(monkeypatch, method, address):
    monkeypatch.setattr(APIView, "authentication_classes", [BasicAuthentication])
    get_user_model().objects.create_user(username="anna", password="secret")
    client = Client(enforce_csrf_checks=True)

    answer = by_script(client, method, address, Authorization="Basic YW5uYTpzZWNyZXQ=")

    assert answer.status_code == 403
    assert not Restriction.objects.exists()


@pytest.mark.parametrize(("method", "address"), CHANGES)
def test_no_other_site_asks_with_an_apps_token_either(settings, method, address):
    """Where the shop's own CORS rules let any page send any header."""
    visitor = VisitorCookie.fresh()
    key = keyed("visitor", visitor.pseudonym)
    hold_everything(key)
    app = Client(enforce_csrf_checks=True, headers={tokens.HEADER: tokens.issue(visitor)})

    assert by_script(app, method, address, Origin="https:" + "//evil.example").status_code == 403
    assert not restrictions.is_restricted(key)
    settings.PERSONA = {**settings.PERSONA, "EVENT_ORIGINS": ["https:" + "//app.example"]}
    assert by_script(app, method, address, Origin="https:" + "//app.example").status_code == 200


def unknown_visitor() -> Client:
    """Somebody with a cookie of ours of whom nothing was ever stored."""
    client = Client(headers={"User-Agent": BROWSER})
    client.cookies["banner"] = "yes"
    client.cookies["persona"] = cookies.signed(VisitorCookie.fresh())
    return client


@pytest.mark.parametrize(("method", "address"), CHANGES)
def test_of_who_was_never_known_no_more_is_kept_than_what_they_wish(method, address):
    """Not for good: a cookie and a token can be had as often as one likes."""
    browser = unknown_visitor()
    app = Client(headers={tokens.HEADER: tokens.issue(VisitorCookie.fresh())})

    for client in (browser, app):
        assert by_script(client, method, address).status_code == 200

    assert Restriction.objects.filter(until=None).count() == 0
    assert Restriction.objects.count() == (0 if address == RESUME else 2)
    assert not Visitor.objects.exists()


@pytest.mark.parametrize(("method", "address"), [("post", PAUSE), ("delete", ME)])
@time_machine.travel("2026-03-01T12:00:10Z", tick=False)
def test_how_many_strangers_of_one_network_are_kept_is_limited(monkeypatch, method, address):
    monkeypatch.setattr(throttles, "LINKS", "1/hour")

    codes = [by_script(unknown_visitor(), method, address).status_code for _ in range(12)]
    client, key = visiting()

    assert codes == [200] * 10 + [429] * 2
    assert Restriction.objects.count() == 10
    assert by_script(client, method, address).status_code == 200
    assert restrictions.is_restricted(key)


@time_machine.travel("2026-03-01T12:00:10Z", tick=False)
def test_a_customer_has_a_limit_of_their_own_whatever_strangers_of_their_network_do(monkeypatch):
    monkeypatch.setattr(throttles, "LINKS", "1/hour")
    for _ in range(12):
        by_script(unknown_visitor(), "post", PAUSE)
    client = unknown_visitor()
    client.force_login(get_user_model().objects.create(username="anna"))

    assert by_script(client, "post", PAUSE).status_code == 200


@time_machine.travel("2026-03-01T12:00:10Z", tick=False)
def test_resuming_and_repeating_use_up_nothing_of_what_strangers_may(monkeypatch):
    monkeypatch.setattr(throttles, "LINKS", "1/hour")
    client = unknown_visitor()
    for _ in range(12):
        by_script(unknown_visitor(), "post", RESUME)

    codes = [by_script(client, "post", PAUSE).status_code for _ in range(12)]

    assert codes == [200] * 12


def test_erasures_of_strangers_keep_no_version_from_going_live():
    before = read_state(fresh=True).get(ERASURES)

    assert unknown_visitor().delete(ME).status_code == 200

    assert read_state(fresh=True).get(ERASURES) == before
    assert Restriction.objects.exists()


def test_a_browser_that_was_never_known_is_left_alone_all_the_same():
    client, tea = unknown_visitor(), product()
    read_catalogue()

    client.post(PAUSE)
    client.get(tea.get_absolute_url())

    assert client.get(ME).json()["paused"] is True
    assert not Visitor.objects.exists()


def test_an_erasure_that_was_cut_off_can_be_asked_for_again():
    client, key = visiting()
    bury([key])
    Visitor.objects.all().delete()

    assert client.delete(ME).status_code == 200

    assert rows_of(key) == 0


@pytest.mark.parametrize("claim", ["X-Forwarded-For", "REMOTE_ADDR"])
def test_how_often_one_household_may_ask_is_limited_whatever_it_claims(settings, claim):
    settings.PERSONA = {**settings.PERSONA, "REST_RATE": "3/min"}

    def asked(at: int) -> Any:
        address = f"2001:db8::{at}"
        if claim == "REMOTE_ADDR":
            return Client().post(PAUSE, REMOTE_ADDR=address)
        return Client().post(PAUSE, headers={claim: address})

    assert [asked(at).status_code for at in range(4)] == [303, 303, 303, 429]
