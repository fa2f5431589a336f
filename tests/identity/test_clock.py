"""A clock that jumps a day ahead or back locks nobody out and breaks nothing (fault 21)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
import time_machine

from persona_django.catalogue.sync import sync
from persona_django.identity.erasure import bury, replay
from persona_django.identity.models import Visitor
from persona_django.identity.subjects import pause, resume, subject_of_keys
from persona_django.similarity.packing import unpack
from persona_django.tracking.models import Event
from persona_django.training.rebuild import rebuild_all
from tests.browsing import agreeing, ask_for_consent, open_shop, visitor_of
from tests.factories import products, read_catalogue
from tests.identity.held import hold_everything, rows_of
from tests.training.history import look, rows_of_live

pytestmark = pytest.mark.django_db

NOW = 1_900_000_000
JUMPS = [timedelta(days=1), timedelta(days=-1), timedelta(minutes=5), timedelta(minutes=-5)]


@pytest.fixture(autouse=True)
def _shop(settings: Any) -> None:
    open_shop(settings)
    ask_for_consent(settings)


@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_a_visitor_stays_the_same_and_is_recorded(jump):
    (tea,) = products(1)
    sync()
    with time_machine.travel(NOW, tick=False) as clock:
        client = agreeing()
        client.get(f"/shown/{tea.pk}/")
        visitor = visitor_of(client)
        clock.shift(jump)
        page = client.get(f"/shown/{tea.pk}/")
        assert visitor_of(client) == visitor

    assert page.status_code == 200
    assert Event.objects.filter(shopper=visitor).count() == 2
    assert Visitor.objects.get().agreed_at == NOW


@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_pause_and_erasure_hold_by_what_was_said_and_not_by_the_clock(jump):
    hold_everything(5)
    with time_machine.travel(NOW, tick=False) as clock:
        subject = subject_of_keys([5])
        pause(subject)
        clock.shift(jump)
        resume(subject)
        bury([5])
        clock.shift(-2 * jump)
        replay()

    assert rows_of(5) == 0


@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_what_is_learnt_holds_no_score_that_is_no_number(settings, jump):
    settings.PERSONA = {**settings.PERSONA, "MIN_TRAINING_SHOPPERS": 1}
    shown = products(4)
    read_catalogue()
    with time_machine.travel(NOW, tick=False) as clock:
        look(range(1, 20), shown, days_ago=0)
        clock.shift(jump)
        outcomes = rebuild_all(force=True)

    assert any(outcome.live for outcome in outcomes)
    for data in rows_of_live("similar").values():
        assert np.isfinite(unpack(data).score).all()
