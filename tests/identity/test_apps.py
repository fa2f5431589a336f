"""An app's user who takes their consent back, pauses, is erased, and goes on."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client

from persona_django.identity import tokens
from persona_django.identity.keys import keyed
from persona_django.identity.models import Restriction, Standing, Visitor
from persona_django.identity.subjects import pause, resume, subject_of_customer
from persona_django.tracking.events import read_events
from persona_django.tracking.models import Event
from tests.reporting import event, reasons, send, told
from tests.tracking.catalogue import stocked

pytestmark = pytest.mark.django_db(transaction=True)

VISITOR, ME = "/persona/api/v1/visitor/", "/persona/api/v1/me/"


class App:
    """An app whose user agreed to everything, until it says otherwise."""

    def __init__(self) -> None:
        self.client = Client(headers={"User-Agent": "okhttp/4.12.0"})
        self.agrees = True
        self.token = ""

    @property
    def headers(self) -> dict[str, str]:
        said = {"X-Persona-Consent": "measure, personalise" if self.agrees else ""}
        return said | ({tokens.HEADER: self.token} if self.token else {})

    def begin(self) -> int:
        answer = self.client.post(VISITOR, headers=self.headers)
        if answer.status_code == 200:
            self.token = answer.json()["visitor"]
        return int(answer.status_code)

    def view(self, item: str) -> Any:
        self.client.defaults.update(
            {f"HTTP_{k.upper().replace('-', '_')}": v for k, v in self.headers.items()}
        )
        return send(self.client, event("view", item=item))

    @property
    def key(self) -> int:
        visitor = tokens.opened(self.token)
        assert visitor is not None
        return visitor.key


@pytest.fixture
def tea(settings: Any) -> str:
    cache.clear()
    settings.PERSONA = {**settings.PERSONA, "CONSENT_POLICY": {
        "BACKEND": "persona_django.identity.consent.FromHeader"}}  # fmt: skip
    product, _ = stocked()
    return f"shop.product:{product.pk}"


@pytest.fixture
def app(tea: str) -> App:
    made = App()
    made.begin()
    assert told(made.view(tea)) == "a"
    Visitor.objects.update(standing=Standing.QUALIFIED)
    return made


def test_a_withdrawal_in_an_app_is_noted_and_what_it_told_teaches_nothing_any_more(app, tea):
    assert len(read_events()) == 1

    app.agrees = False
    answer = app.view(tea)

    assert reasons(answer) == {"consent": 1}
    assert Visitor.objects.get().purposes == ""
    assert len(read_events()) == 0


def test_a_withdrawal_told_again_and_again_is_written_once(app, tea, django_assert_num_queries):
    app.agrees = False
    app.view(tea)

    with django_assert_num_queries(0):
        app.view(tea)


def test_whoever_agrees_again_begins_anew(app, tea):
    before = app.key
    app.agrees = False
    app.view(tea)
    app.agrees = True

    assert reasons(app.view(tea)) == {"consent": 1}
    app.begin()

    assert app.key != before
    assert told(app.view(tea)) == "a"
    assert dict(Visitor.objects.values_list("key", "purposes"))[before] == ""


def test_one_who_only_opted_out_has_withdrawn_nothing(app, tea):
    app.client.cookies["persona_off"] = "1"

    app.view(tea)

    assert Visitor.objects.get().purposes == "measure,personalise"


def test_an_app_whose_user_was_erased_is_not_given_the_dead_token_for_ever(app, tea):
    before = app.key
    app.client.delete(ME, headers=app.headers)
    assert reasons(app.view(tea)) == {"consent": 1}

    app.begin()

    assert app.key != before
    assert told(app.view(tea)) == "a"
    assert set(Event.objects.values_list("shopper", flat=True)) == {app.key}


def test_a_customer_who_paused_gets_no_token_and_leaves_no_row_however_often_it_is_asked(app):
    anna = get_user_model().objects.create(username="anna")
    pause(subject_of_customer(anna.pk))
    stones = Restriction.objects.count()
    app.client.force_login(anna)
    others = Visitor.objects.count()

    answers = [app.begin() for _ in range(3)]

    assert answers == [403] * 3
    assert (Restriction.objects.count(), Visitor.objects.count()) == (stones, others)
    resume(subject_of_customer(anna.pk))
    assert app.begin() == 200
    assert Visitor.objects.filter(account=keyed("customer", str(anna.pk))).count() == 2
