"""A refused event says in its answer which field or type is wrong, and in no log."""

from __future__ import annotations

import logging

import pytest
from django.core.cache import cache

from tests.browsing import ask_for_consent
from tests.reporting import event, send, told, visitor
from tests.signing import SECRETS, report
from tests.signing import send as send_signed
from tests.tracking.catalogue import stocked

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shop_that_asks(settings):
    ask_for_consent(settings)
    settings.PERSONA = {**settings.PERSONA, "SERVER_KEYS": SECRETS}
    cache.clear()
    yield
    cache.clear()


def test_a_page_or_app_is_told_what_is_wrong_in_the_answer_and_nobody_in_a_log(caplog):
    caplog.set_level(logging.DEBUG)
    tea = f"shop.product:{stocked()[0].pk}"
    unnamed = event("view", item=tea)
    del unnamed["id"]

    response = send(
        visitor(), event("view", item=tea, foobar=1), unnamed, event("vieww"), event("click")
    )

    assert told(response) == "rrrr"
    assert response.json()["counts"] == {"accepted": 0, "duplicate": 0, "field": 3, "type": 1}
    assert [(one["reason"], one["text"]) for one in response.json()["errors"]] == [
        ("field", "There is no field 'foobar' in 'view'."),
        ("field", "'id' is missing."),
        ("type", "There is no type 'vieww', or it may not be reported here. Did you mean 'view'?"),
    ]
    assert "foobar" not in caplog.text and "vieww" not in caplog.text


def test_another_server_is_told_what_is_wrong():
    tea = f"shop.product:{stocked()[0].pk}"

    response = send_signed(report("purchase", item=tea), report("veiw", item=tea, customer=1))

    assert [one["text"] for one in response.json()["errors"]] == [
        "'order' is missing.",
        "There is no type 'veiw', or it may not be reported here. Did you mean 'view'?",
    ]
