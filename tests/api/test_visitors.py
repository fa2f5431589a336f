"""Tokens for apps are handed out to apps whose user agreed, and to nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client

from persona_django import counters
from persona_django.identity import tokens
from persona_django.identity.keys import keyed
from persona_django.identity.models import Visitor
from tests.browsing import ACCEPT_ALL

pytestmark = pytest.mark.django_db

ADDRESS = "/persona/api/v1/visitor/"


@pytest.fixture(autouse=True)
def accepted(settings: Any) -> None:
    cache.clear()
    settings.PERSONA = {**settings.PERSONA, **ACCEPT_ALL}


def asked(client: Client | None = None, **headers: str) -> Any:
    return (client or Client()).post(ADDRESS, headers=headers)


def key_of(token: str) -> int:
    visitor = tokens.opened(token)
    assert visitor is not None
    return keyed("visitor", visitor.pseudonym)


def test_an_app_whose_user_agreed_gets_a_token_and_no_row_is_written_for_it():
    answer = asked()

    assert answer.status_code == 200
    assert tokens.opened(answer.json()["visitor"])
    assert "no-store" in answer["Cache-Control"]
    assert not answer.cookies
    assert not Visitor.objects.exists()


def test_without_consent_there_is_none(settings):
    settings.PERSONA = {**settings.PERSONA, "CONSENT_POLICY": {
        "BACKEND": "persona_django.identity.consent.FromHeader"}}  # fmt: skip

    assert asked().status_code == 403
    assert asked(**{"X-Persona-Consent": "measure"}).status_code == 200
    assert asked(**{"X-Persona-Consent": "experiment"}).status_code == 403
    assert asked(**{"X-Persona-Consent": "measure", "DNT": "1"}).status_code == 403


@pytest.mark.parametrize("header", ["Origin", "Sec-Fetch-Site"])
def test_a_browser_gets_none_wherever_its_page_is_from(header):
    answer = asked(**{header: "https:" + "//shop.example"})

    assert answer.status_code == 403
    assert "cookie" in answer.json()["detail"]


def test_asking_again_gives_the_same_token_back_and_renews_nothing():
    first = asked().json()["visitor"]

    assert asked(**{tokens.HEADER: first}).json()["visitor"] == first
    assert asked(**{tokens.HEADER: "forged"}).json()["visitor"] not in (first, "forged")


def test_signing_in_and_out_in_the_app_changes_the_token_and_links_the_history_once():
    anna = get_user_model().objects.create(username="anna")
    app = Client()
    before = asked(app).json()["visitor"]
    app.force_login(anna)

    hers = asked(app, **{tokens.HEADER: before}).json()["visitor"]
    again = asked(app, **{tokens.HEADER: hers}).json()["visitor"]
    app.logout()
    after = asked(app, **{tokens.HEADER: hers}).json()["visitor"]

    assert hers == again
    assert len({before, hers, after}) == 3
    customer = keyed("customer", str(anna.pk))
    assert dict(Visitor.objects.values_list("key", "account")) == {
        key_of(before): customer,
        key_of(hers): customer,
    }


def test_the_next_user_of_the_app_does_not_inherit_the_last_ones_history():
    anna, bert = (get_user_model().objects.create(username=name) for name in ("anna", "bert"))
    app = Client()
    app.force_login(anna)
    hers = asked(app).json()["visitor"]
    app.force_login(bert)

    his = asked(app, **{tokens.HEADER: hers}).json()["visitor"]

    accounts = dict(Visitor.objects.values_list("key", "account"))
    assert accounts[key_of(hers)] == keyed("customer", str(anna.pk))
    assert accounts[key_of(his)] == keyed("customer", str(bert.pk))


def test_a_database_that_refuses_costs_the_link_and_not_the_token(monkeypatch):
    app = Client()
    app.force_login(get_user_model().objects.create(username="anna"))
    monkeypatch.setattr("persona_django.identity.visitors._keep", _refuse)

    answer = asked(app)

    assert answer.status_code == 200
    assert counters.counts()["visitor_unlinked"] == 1


def _refuse(*given: Any) -> None:
    raise RuntimeError("no")


def test_an_inert_app_has_no_visitors(settings):
    settings.PERSONA = {**settings.PERSONA, "ENABLED": False}

    assert asked().status_code == 404


def test_one_customer_is_given_so_many_tokens_an_hour_and_everybody_else_is_let_be():
    """Each comes with a row."""
    anna, bert = (get_user_model().objects.create(username=name) for name in ("anna", "bert"))
    hers, his = Client(), Client()
    hers.force_login(anna)
    his.force_login(bert)

    answers = [asked(hers).status_code for _ in range(40)]

    assert answers == [200] * 30 + [429] * 10
    assert Visitor.objects.count() == 30
    assert asked(his).status_code == 200
    assert [asked().status_code for _ in range(40)] == [200] * 40
