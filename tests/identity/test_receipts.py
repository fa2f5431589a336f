"""What a visitor agreed to, to which wording, and when."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine

from persona_django.identity.models import Visitor
from tests.browsing import agreeing, ask_for_consent, open_shop, visitor_of
from tests.tracking.catalogue import stocked

pytestmark = pytest.mark.django_db(transaction=True)

NOON = 1_900_000_000


@pytest.fixture(autouse=True)
def _shop(settings: Any) -> None:
    open_shop(settings)
    ask_for_consent(settings)
    settings.PERSONA = {**settings.PERSONA, "CONSENT_VERSION": "2026-01"}


def test_the_first_view_brings_the_receipt_and_later_ones_leave_it():
    tea, _ = stocked()
    client = agreeing()
    with time_machine.travel(NOON, tick=False) as clock:
        client.get(f"/shown/{tea.pk}/")
        clock.shift(3600)
        client.get(f"/shown/{tea.pk}/")

    receipt = Visitor.objects.get()
    assert (receipt.purposes, receipt.consent_version) == ("measure,personalise", "2026-01")
    assert receipt.agreed_at == NOON


def test_another_wording_that_is_agreed_to_is_another_receipt(settings):
    tea, _ = stocked()
    client = agreeing()
    with time_machine.travel(NOON, tick=False) as clock:
        client.get(f"/shown/{tea.pk}/")
        settings.PERSONA = {**settings.PERSONA, "CONSENT_VERSION": "2026-02"}
        clock.shift(60)
        client.get("/plain/")

    receipt = Visitor.objects.get(key=visitor_of(client))
    assert (receipt.consent_version, receipt.agreed_at) == ("2026-02", NOON + 60)


def test_taking_consent_back_is_a_receipt_too():
    tea, _ = stocked()
    client = agreeing()
    with time_machine.travel(NOON, tick=False) as clock:
        client.get(f"/shown/{tea.pk}/")
        client.cookies["banner"] = "no"
        clock.shift(60)
        client.get("/plain/")

    receipt = Visitor.objects.get()
    assert (receipt.purposes, receipt.agreed_at) == ("", NOON + 60)


def test_robots_get_no_receipt_however_many_they_are():
    tea, _ = stocked()
    for number in range(5):
        robot = agreeing(**{"User-Agent": f"Googlebot/2.{number}"})
        robot.get(f"/shown/{tea.pk}/")

    assert not Visitor.objects.exists()
