"""Nobody who did not agree leaves a trace: no cookie, and no row about them in any table.

The whole of the test shop is walked through: pages, blocks, every address of our API, what the
shop's own code reports, with and without an account. What is compared is everything stored.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client, RequestFactory
from django.urls import get_resolver

from persona_django.identity.consent import ConsentPolicy
from persona_django.identity.keys import keyed
from persona_django.measurement.data_entries import TABLES
from persona_django.serving.recommend import recommend
from persona_django.tracking.shop_calls import track
from tests import scanning
from tests.browsing import ACCEPT_ALL, BROWSER, FROM_COOKIE
from tests.factories import products, read_catalogue
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
OWN = {"CONSENT_POLICY": {"BACKEND": f"{__name__}.Agrees"}}
OURS = ("persona", "__Host-persona")

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


def addresses() -> list[str]:
    """Every address of our API that can be asked without knowing more."""
    found = []
    for match in get_resolver("persona_django.urls").reverse_dict.values():
        for pattern, names in match[0]:
            values = dict.fromkeys(names, "similar-items")
            found.append("/persona/" + pattern % values)
    return sorted(set(found))


def test_the_addresses_are_found():
    assert "/persona/api/v1/blocks/similar-items/" in addresses()
    assert len(addresses()) >= 6


@pytest.mark.parametrize("why", NO)
@pytest.mark.parametrize("signed_in", [False, True], ids=["a visitor", "a customer"])
def test_the_whole_journey_leaves_no_cookie_and_no_row(shop, settings, why, signed_in):
    persona, cookies, headers = NO[why]
    settings.PERSONA = {**settings.PERSONA, **persona}
    client = Client(headers={"User-Agent": BROWSER, **headers})
    for name, value in cookies.items():
        client.cookies[name] = value
    user = get_user_model().objects.create(username="anna")
    if signed_in:
        client.force_login(user)
        buy([user], shop)
    before = scanning.everything()

    walk(client, shop, headers)

    after = scanning.everything()
    changed = {table for table in ALL_OF_US if before[table] != after[table]}
    assert changed & NO_CHANGE == set()
    assert not any(after[table] for table in ABOUT_PEOPLE)
    assert [name for name in OURS if name in client.cookies] == []
    assert scanning.in_tables([keyed("customer", str(user.pk))], but=["auth_user"]) == []


def walk(client: Client, shop: list[Any], headers: dict[str, str]) -> None:
    """Pages, blocks, our whole API, and what a view of the shop may call, for one browser."""
    for product in shop:
        page = client.get(product.get_absolute_url())
        assert page.status_code == 200
    client.get("/plain/")
    report = {
        "sent": 1_900_000_000_000, "tz": 60, "entry": "direct",
        "events": [
            {"id": "v1", "type": "view", "at": 1_900_000_000_000, "item": f"shop.product:{one.pk}"}
            for one in shop
        ],
    }  # fmt: skip
    for address in addresses():
        if "/me/" in address:
            # What changes something there is asked for by the person; reading is not.
            client.get(address)
            continue
        client.get(address, {"seed": f"shop.product:{shop[0].pk}"})
        answer = client.post(address, report, content_type="application/json")
        assert answer.status_code < 500
        assert [name for name in OURS if name in answer.cookies] == []
    request = RequestFactory().post("/cart/", headers=headers)
    request.COOKIES.update({name: morsel.value for name, morsel in client.cookies.items()})
    assert not track(request, "cart_add", shop[0])
    recommend(request, "similar-items", seeds=shop[:1])


def test_the_comparison_sees_rows_of_every_table_about_people(shop):
    """A scan that never finds anything would prove nothing."""
    hold_everything(4_711)
    found = scanning.in_tables([4_711])

    assert {name.partition(".")[0] for name in found} == {
        "persona_visitor", "persona_event", "persona_intent", "persona_servedslate",
    }  # fmt: skip
    assert {name.partition(".")[0] for name in found} <= ABOUT_PEOPLE
