"""Nobody who did not agree leaves a trace: no cookie, and no row about them in any table.

The whole of the test shop is walked through, see `tests.identity.doors`: pages, blocks, the script
and all it reports, every address of our API, carts and orders, one's own data, with and without an
account, signing in and out. What is compared is everything stored.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client

from persona_django.feedback.models import ServedSlate
from persona_django.identity.consent import ConsentPolicy
from persona_django.identity.keys import keyed
from persona_django.measurement.data_entries import TABLES
from persona_django.tracking.context import Context, Sender
from persona_django.tracking.models import Event, Intent
from persona_django.training.jobs import run_due
from tests import scanning
from tests.browsing import ACCEPT_ALL, BROWSER, FROM_COOKIE
from tests.factories import products, read_catalogue
from tests.identity import doors
from tests.identity.doors import OURS, Walk, addresses
from tests.identity.held import hold_everything
from tests.training.history import buy, customers

pytestmark = pytest.mark.django_db


class Agrees(ConsentPolicy):
    """A shop's own policy, which never heard of any signal."""

    def allowed(self, request: Any, purpose: str) -> bool:
        return True


ABOUT_PEOPLE = {f"persona_{name.lower()}" for name, one in TABLES.items() if one.is_personal}
ALL_OF_US = {f"persona_{name.lower()}" for name in TABLES}
NO_CHANGE = ALL_OF_US - {"persona_state", "persona_dropcount", "persona_lease"}
"""Tables of ours that a journey without consent leaves as they are, those about people first."""
HERS = 5_417_226_902_118_647_391
"""As long as real ones are: a short number also stands in the fractions of somebody's seconds."""
OWN = {"CONSENT_POLICY": {"BACKEND": f"{__name__}.Agrees"}}

NO: dict[str, tuple[dict[str, Any], dict[str, str], dict[str, str]]] = {
    "no policy": ({}, {}, {}),
    "no answer": (FROM_COOKIE, {}, {}),
    "a no": (FROM_COOKIE, {"banner": "no"}, {}),
    "a yes, and Sec-GPC": (FROM_COOKIE, {"banner": "yes"}, {"Sec-GPC": "1"}),
    "a yes, and DNT": (FROM_COOKIE, {"banner": "yes"}, {"DNT": "1"}),
    "a yes, and opted out": (FROM_COOKIE, {"banner": "yes", "persona_off": "1"}, {}),
    "another basis, and opted out": (ACCEPT_ALL, {"persona_off": "1"}, {}),
    "a policy of the shop's that agrees, and Sec-GPC": (OWN, {}, {"Sec-GPC": "1"}),
    "a policy that is broken": ({"CONSENT_POLICY": {"BACKEND": "no.such.Policy"}}, {}, {}),
}


@pytest.fixture
def shop(settings: Any) -> list[Any]:
    cache.clear()
    made = products(4)
    read_catalogue()
    buy(customers(2), made)
    return made


def test_the_addresses_are_found():
    assert "/persona/api/v1/blocks/similar-items/" in addresses()
    assert len(addresses()) >= 6


@pytest.mark.parametrize("why", NO)
@pytest.mark.parametrize("signed_in", [False, True], ids=["a visitor", "a customer"])
def test_the_whole_journey_leaves_no_cookie_and_no_row(
    shop, settings, why, signed_in, django_capture_on_commit_callbacks
):
    persona, cookies, headers = NO[why]
    settings.PERSONA = {**settings.PERSONA, **persona}
    settings.ROOT_URLCONF = doors.__name__
    client = Client(headers={"User-Agent": BROWSER, "Sec-Fetch-Site": "same-origin", **headers})
    for name, value in cookies.items():
        client.cookies[name] = value
    user = get_user_model().objects.create(username="anna")
    if signed_in:
        client.force_login(user)
        buy([user], shop)
    before, walk = scanning.everything(), Walk(client, shop)

    with django_capture_on_commit_callbacks(execute=True):
        walk.everywhere()
        if not signed_in:
            walk.sign_in_and_out(user)
            walk.ask_about_oneself()

    after = scanning.everything()
    changed = {table for table in ALL_OF_US if before[table] != after[table]}
    assert changed & NO_CHANGE == set()
    assert not any(after[table] for table in ABOUT_PEOPLE)
    assert [name for name in OURS if name in client.cookies] == []
    assert not [done for done in run_due() if done.failed]
    assert not any(scanning.everything()[table] for table in ABOUT_PEOPLE)
    assert scanning.in_tables([keyed("customer", str(user.pk))], but=["auth_user"]) == []


def test_the_same_journey_of_somebody_who_agreed_comes_to_rows_and_a_cookie(
    shop, settings, django_capture_on_commit_callbacks
):
    """Were its doors shut for another reason, the journey above would prove nothing."""
    settings.PERSONA = {**settings.PERSONA, **ACCEPT_ALL}
    settings.ROOT_URLCONF = doors.__name__
    client = Client(headers={"User-Agent": BROWSER, "Sec-Fetch-Site": "same-origin"})

    with django_capture_on_commit_callbacks(execute=True):
        Walk(client, shop, agreed=True).everywhere()

    assert "persona" in client.cookies
    senders = {Context.unpacked(row.context).sender for row in Event.objects.all()}
    assert senders == {Sender.SCRIPT, Sender.PAGE, Sender.SHOP}
    assert set(Intent.objects.values_list("kind", flat=True)) == set(Intent.Kind.values)
    assert ServedSlate.objects.exists()


def test_the_comparison_sees_rows_of_every_table_about_people(shop):
    """A scan that never finds anything would prove nothing."""
    hold_everything(HERS)
    found = scanning.in_tables([HERS])

    assert {name.partition(".")[0] for name in found} == {
        "persona_visitor", "persona_event", "persona_intent", "persona_servedslate",
        "persona_weekevidence",
    }  # fmt: skip
    assert {name.partition(".")[0] for name in found} <= ABOUT_PEOPLE
