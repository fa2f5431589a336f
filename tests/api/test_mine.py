"""Everybody may read, erase and pause what is held about them, and nobody what is about others."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client

from persona_django.identity import cookies, holdings, restrictions, tokens
from persona_django.identity.cookies import VisitorCookie
from persona_django.identity.keys import keyed
from persona_django.identity.models import Visitor
from persona_django.tracking.models import Event
from tests.browsing import BROWSER, FROM_COOKIE
from tests.factories import product, read_catalogue
from tests.identity.held import hold_everything, rows_of
from tests.reporting import event, send
from tests.training.history import buy

pytestmark = pytest.mark.django_db

ME = "/persona/api/v1/me/"
PAUSE, RESUME, ERASE = f"{ME}pause/", f"{ME}resume/", f"{ME}erase/"
CHANGES = [("delete", ME), ("post", ERASE), ("post", PAUSE), ("post", RESUME)]
OFF = "persona_off"


@pytest.fixture(autouse=True)
def asked(settings: Any) -> None:
    cache.clear()
    settings.PERSONA = {**settings.PERSONA, **FROM_COOKIE}


def visiting(*, events: int = 3, csrf: bool = False) -> tuple[Client, int]:
    """A browser of somebody who agreed, and the number of which everything is held."""
    client = Client(headers={"User-Agent": BROWSER}, enforce_csrf_checks=csrf)
    visitor = VisitorCookie.fresh()
    client.cookies["banner"] = "yes"
    client.cookies["persona"] = cookies.signed(visitor)
    key = keyed("visitor", visitor.pseudonym)
    hold_everything(key, events=events)
    return client, key


def token_of(client: Client) -> str:
    """The shop's CSRF token, as a page with a form brings it."""
    client.get("/admin/login/")
    return client.cookies["csrftoken"].value


def by_script(client: Client, method: str, address: str, **headers: str) -> Any:
    """As a page's own script asks: without a form."""
    return getattr(client, method)(address, headers=headers, content_type="application/json")


def told(answer: Any) -> dict[str, int]:
    return {section["name"]: len(section["rows"]) for section in answer.json()["data"]}


def test_a_visitor_reads_what_is_held_about_them_without_an_account():
    client, _ = visiting()
    hold_everything(99)

    answer = client.get(ME)

    assert answer.status_code == 200
    assert told(answer) == {
        "visitors": 1, "events": 3, "searches": 1, "evidence of weeks": 1, "search counts": 0,
        "recommendations": 1, "work in progress": 0,
    }  # fmt: skip
    assert answer.json()["paused"] is False
    assert answer["Cache-Control"] == "private, no-store"
    assert "Cookie" in answer["Vary"]


def test_whoever_is_nobody_is_told_that_nothing_is_held():
    hold_everything(99)

    answer = Client().get(ME)

    assert answer.json()["known"] is False
    assert not any(told(answer).values())


def test_who_took_consent_back_may_still_read_what_there_is():
    client, _ = visiting()
    client.cookies["banner"] = "no"

    assert told(client.get(ME))["events"] == 3


def test_a_visitor_erases_what_is_held_about_them_and_loses_the_cookie():
    client, key = visiting()
    hold_everything(99)

    answer = client.delete(ME)

    assert answer.status_code == 200
    assert answer.json()["erased"]["events"] == 3
    assert answer.cookies["persona"]["max-age"] == 0
    assert rows_of(key) == 0
    assert rows_of(99) > 0
    assert restrictions.is_erased(key)


def test_pausing_keeps_what_is_there_and_stops_everything_at_once():
    client, key = visiting()
    tea = product()
    read_catalogue()

    answer = by_script(client, "post", PAUSE)
    assert answer.json() == {"paused": True}
    assert answer.cookies[OFF].value == "1"
    client.get(tea.get_absolute_url())
    assert Event.objects.filter(shopper=key).count() == 3
    assert client.get(ME).json()["paused"] is True

    answer = by_script(client, "post", RESUME)
    assert answer.json() == {"paused": False}
    assert answer.cookies[OFF]["max-age"] == 0
    client.get(tea.get_absolute_url())
    assert Event.objects.filter(shopper=key).count() == 4


def test_a_customers_pause_holds_in_their_other_browsers_too():
    """No cookie tells the other browser; the customer's own orders are not shown there either."""
    anna = get_user_model().objects.create(username="anna")
    tea = product()
    read_catalogue()
    buy([anna], [tea], days_ago=40)
    here, there = Client(), Client(headers={"User-Agent": BROWSER})
    for client in (here, there):
        client.force_login(anna)
        client.cookies["banner"] = "yes"
    reorder = "/persona/api/v1/blocks/reorder/"
    assert there.get(reorder).json()["slots"]

    here.post(PAUSE)

    assert not there.get(reorder).json()["slots"]
    there.get(tea.get_absolute_url())
    assert not Event.objects.exists() and not Visitor.objects.exists()
    here.post(RESUME)
    assert there.get(reorder).json()["slots"]


def test_a_customer_reads_and_erases_all_their_browsers_from_any_of_them():
    anna = get_user_model().objects.create(username="anna")
    hold_everything(77, account=keyed("customer", str(anna.pk)))
    client = Client()
    client.force_login(anna)

    assert told(client.get(ME))["events"] == 3
    client.delete(ME)

    assert rows_of(77) == 0
    assert not any(told(client.get(ME)).values())


def test_an_app_does_all_of_it_with_its_token():
    visitor = VisitorCookie.fresh()
    key = keyed("visitor", visitor.pseudonym)
    hold_everything(key)
    app = Client(enforce_csrf_checks=True, headers={tokens.HEADER: tokens.issue(visitor)})

    assert told(app.get(ME))["events"] == 3
    assert by_script(app, "post", PAUSE).status_code == 200
    assert restrictions.is_restricted(key)
    assert by_script(app, "post", RESUME).status_code == 200
    assert app.delete(ME).status_code == 200
    assert rows_of(key) == 0


class App(Client):
    """Keeps no cookies."""

    def request(self, **request: Any) -> Any:
        answer = super().request(**request)
        self.cookies.clear()
        return answer


@pytest.fixture
def app() -> Client:
    """An app whose user agreed, with the token it was given, before its first report."""
    app = App(headers={"X-Persona-Consent": "measure, personalise"})
    token = app.post("/persona/api/v1/visitor/").json()["visitor"]
    app.defaults[tokens.META] = token
    return app


@pytest.fixture
def for_apps(settings: Any) -> None:
    backend = "persona_django.identity.consent.FromHeader"
    settings.PERSONA = {**settings.PERSONA, "CONSENT_POLICY": {"BACKEND": backend}}


def reported(app: Client, item: Any) -> Any:
    return send(app, event("view", item=f"shop.product:{item.pk}"))


def test_an_app_that_pauses_before_its_first_report_is_left_alone(for_apps, app):
    tea = product()
    read_catalogue()

    assert by_script(app, "post", PAUSE).json() == {"paused": True}
    assert app.get(ME).json()["paused"] is True
    assert reported(app, tea).json()["stop"] is True
    assert not Event.objects.exists() and not Visitor.objects.exists()

    assert by_script(app, "post", RESUME).json() == {"paused": False}
    assert app.get(ME).json()["paused"] is False
    assert reported(app, tea).json()["result"] == "a"


def test_an_app_that_erases_before_its_first_report_is_nobody_from_then_on(for_apps, app):
    tea = product()
    read_catalogue()

    assert app.delete(ME).status_code == 200

    assert reported(app, tea).json()["result"] == "r"
    assert not Event.objects.exists() and not Visitor.objects.exists()


def test_of_a_stranger_nothing_is_known_and_what_they_wished_is_told(for_apps, app):
    assert app.get(ME).json()["known"] is False
    app.post(PAUSE)

    (held,) = app.get(ME).json()["left_alone"]

    assert held["kind"] == "paused"


@pytest.mark.parametrize("token", ["forged", "", "x" * 500])
def test_an_app_whose_token_is_no_good_is_not_told_that_it_paused(token):
    answer = by_script(Client(), "post", PAUSE, **{tokens.HEADER: token})

    assert answer.json() == {"paused": False}
    assert not answer.cookies


@pytest.mark.parametrize(("method", "address"), CHANGES)
def test_without_the_shops_csrf_token_nothing_changes(method, address):
    client, key = visiting(csrf=True)
    before = rows_of(key)

    assert by_script(client, method, address).status_code == 403
    assert rows_of(key) == before and not restrictions.is_restricted(key)

    headers = {"X-CSRFToken": token_of(client)}
    assert by_script(client, method, address, **headers).status_code == 200


@pytest.mark.parametrize(("method", "address"), CHANGES)
def test_a_signed_in_customer_is_guarded_by_the_same_token(method, address):
    client = Client(enforce_csrf_checks=True)
    client.force_login(get_user_model().objects.create(username="anna"))

    assert getattr(client, method)(address).status_code == 403


@pytest.mark.parametrize("headers", [
    {"Origin": "https:" + "//evil.example"}, {"Sec-Fetch-Site": "cross-site"},
])  # fmt: skip
@pytest.mark.parametrize(("method", "address"), CHANGES)
def test_another_site_changes_nothing_even_with_a_token_it_learnt(method, address, headers):
    client, key = visiting(csrf=True)
    given = {"X-CSRFToken": token_of(client), **headers}

    assert getattr(client, method)(address, headers=given).status_code == 403
    assert not restrictions.is_restricted(key)


@pytest.mark.parametrize("name", ["user", "visitor", "customer", "id", "shopper", "account"])
@pytest.mark.parametrize(("method", "address"), [("get", ME), *CHANGES])
def test_nobody_else_can_be_named(method, address, name):
    client, key = visiting()
    hold_everything(99)

    answer = getattr(client, method)(f"{address}?{name}=99")
    assert answer.status_code == 400
    if method == "post":
        assert client.post(address, {name: "99"}).status_code == 400
    assert rows_of(99) > 0 and rows_of(key) > 0
    assert not restrictions.is_restricted(99)


def test_everything_held_about_one_is_out_of_reach_of_another_on_the_same_machine():
    anna, bert = (get_user_model().objects.create(username=name) for name in ("anna", "bert"))
    client = Client(headers={"User-Agent": BROWSER})
    client.cookies["banner"] = "yes"
    client.force_login(anna)
    tea = product()
    read_catalogue()
    client.get(tea.get_absolute_url())
    assert told(client.get(ME))["events"] == 1

    client.logout()
    assert not any(told(client.get(ME)).values())
    client.force_login(bert)
    assert not any(told(client.get(ME)).values())


@pytest.mark.parametrize("address", [PAUSE, RESUME, ERASE])
def test_a_form_without_any_script_is_led_back_to_its_page(address):
    client, key = visiting(csrf=True)
    form = {"csrfmiddlewaretoken": token_of(client), "next": "/product/31/?a=b"}

    answer = client.post(address, form)

    assert answer.status_code == 303
    assert answer["Location"] == "/product/31/?a=b"
    assert "no-store" in answer["Cache-Control"]
    assert restrictions.is_restricted(key) is (address != RESUME)


@pytest.mark.parametrize(
    "target",
    ["", "//evil.example/", "https:evil.example", "\\\\evil.example", "javascript:alert(1)",
     "https:" + "//evil.example/", "/ok\r\nSet-Cookie: a=b", "http:///evil.example"],
)  # fmt: skip
def test_a_form_leads_to_no_other_site(target):
    client, _ = visiting()

    answer = client.post(PAUSE, {"next": target})

    assert answer.status_code == 303
    assert urlsplit(answer["Location"]).netloc == ""
    assert answer["Location"] == "/"


@pytest.mark.parametrize("rule", ["IsAuthenticated", "IsAdminUser", "DjangoModelPermissions"])
def test_the_shops_permissions_keep_nobody_from_their_own_data(monkeypatch, rule):
    from rest_framework import permissions
    from rest_framework.views import APIView

    monkeypatch.setattr(APIView, "permission_classes", [getattr(permissions, rule)])
    client, _ = visiting()

    assert told(client.get(ME))["events"] == 3


def test_customers_come_with_their_session_even_where_the_shops_api_knows_none(monkeypatch):
    from rest_framework.authentication import TokenAuthentication
    from rest_framework.views import APIView

    monkeypatch.setattr(APIView, "authentication_classes", [TokenAuthentication])
    anna = get_user_model().objects.create(username="anna")
    hold_everything(77, account=keyed("customer", str(anna.pk)))
    client = Client(enforce_csrf_checks=True)
    client.force_login(anna)

    assert told(client.get(ME))["events"] == 3
    assert client.delete(ME).status_code == 403


def test_a_table_of_the_shops_that_fails_is_said_so():
    def fail(subject: Any, most: int) -> int:
        raise RuntimeError("no")

    client, key = visiting()
    other, _ = visiting()
    holdings.register(
        holdings.Holding(name="x", about="", fields={}, tell=lambda s: iter(()), erase=fail)
    )
    try:
        answer = client.delete(ME)
        # No page may say that it was done.
        by_form = other.post(ERASE, {"next": "/privacy/?done=deleted"})
    finally:
        holdings.unregister("x")

    assert answer.status_code == by_form.status_code == 503
    assert answer.json()["failed"] == ["x"]
    assert rows_of(key) == 0


@pytest.mark.parametrize(("method", "address"), [("put", ME), ("post", ME), ("get", PAUSE)])
def test_nothing_else_can_be_asked(method, address):
    assert getattr(Client(), method)(address).status_code == 405


def test_an_inert_app_holds_nothing(settings):
    settings.PERSONA = {**settings.PERSONA, "ENABLED": False}

    assert Client().get(ME).status_code == 404


@time_machine.travel("2026-03-01T12:00:10Z", tick=False)
def test_nobody_may_ask_what_is_held_about_them_without_end_and_blocks_do_not_use_it_up(settings):
    settings.PERSONA = {**settings.PERSONA, "REST_RATE": "2/min"}
    for _ in range(3):
        Client().get("/persona/api/v1/blocks/popular/")

    codes = [Client().get(ME).status_code for _ in range(3)]

    assert codes == [200, 200, 429]


def test_a_name_that_no_database_can_look_for_is_nobodys_and_no_fault():
    nul = base64.b64encode(b"\0:").decode()

    for address in (ME, "/persona/api/v1/blocks/popular/"):
        answer = Client(raise_request_exception=False).get(
            address, headers={"Authorization": f"Basic {nul}"}
        )

        assert answer.status_code in (401, 403)
