"""What may not be offered, whatever was learnt."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import router
from django.test import override_settings
from django.utils import timezone

from persona_django.catalogue import state
from persona_django.merchandising.decisions import hide_pair
from persona_django.merchandising.models import PairDecision
from persona_django.serving.recommend import recommend
from tests import second_writer
from tests.factories import (
    family_of,
    item_id,
    product,
    publish_neighbours,
    publish_popular,
    read_catalogue,
)

pytestmark = pytest.mark.django_db


def shown(seed, **options) -> list[str]:
    return [slot.title for slot in recommend(None, "similar-items", seeds=[seed], **options)]


@pytest.fixture
def shop():
    tea, pot, mug = product("Tea"), product("Pot"), product("Mug")
    read_catalogue()
    publish_neighbours("similar", {tea: [(mug, 0.9, 40), (pot, 0.5, 30)]})
    return tea, pot, mug


def hide(item, other, **options) -> None:
    PairDecision.objects.create(item_id=item, other_id=other, approved=False, **options)
    state.bump("config")


def test_a_pair_that_a_merchant_hid_is_not_offered_not_even_as_a_fallback(
    shop, django_capture_on_commit_callbacks
):
    tea, pot, mug = shop
    publish_popular([mug, pot])
    assert shown(tea) == ["Mug", "Pot"]

    ours = router.db_for_write(PairDecision)
    with django_capture_on_commit_callbacks(execute=True, using=ours):
        hide_pair(family_of(tea), family_of(mug))

    assert shown(tea) == ["Pot"]


def test_hiding_counts_in_one_direction_only(shop):
    tea, _, mug = shop
    publish_neighbours("similar", {mug: [(tea, 0.9, 40)], tea: [(mug, 0.9, 40)]})

    hide(family_of(tea), family_of(mug))

    assert "Mug" not in shown(tea)
    assert shown(mug)[0] == "Tea"


def test_a_decision_that_expired_no_longer_counts(shop):
    tea, _, mug = shop
    hide(family_of(tea), family_of(mug), expires_at=timezone.now() - timedelta(seconds=1))

    assert shown(tea) == ["Mug", "Pot"]


def test_a_decision_with_time_left_counts(shop):
    tea, _, mug = shop
    hide(family_of(tea), family_of(mug), expires_at=timezone.now() + timedelta(hours=1))

    assert shown(tea) == ["Pot"]


def test_an_approved_pair_is_not_hidden(shop):
    tea, _, mug = shop
    PairDecision.objects.create(item_id=family_of(tea), other_id=family_of(mug), approved=True)
    state.bump("config")

    assert shown(tea) == ["Mug", "Pot"]


def test_a_decision_about_a_variant_holds_for_its_family():
    tea = product("Tea")
    red = product("Red mug", family="mug", stock=1)
    blue = product("Blue mug", family="mug")
    read_catalogue()
    publish_neighbours("similar", {tea: [(red, 0.9, 40)]})
    assert shown(tea) == ["Red mug"]

    hide(item_id(tea), item_id(blue))

    assert shown(tea) == []


def test_what_is_in_the_cart_is_not_offered(shop):
    tea, pot, mug = shop

    assert shown(tea, cart=[mug]) == ["Pot"]
    assert shown(tea, cart=[f"shop.product:{pot.pk}", ("shop.product", mug.pk)]) == []


@override_settings(PERSONA={"SENSITIVE_CATEGORIES": ("Health",)})
def test_sensitive_things_are_offered_only_beside_their_own_kind():
    test = product("Test", category="Health > Tests")
    other = product("Other test", category="Health > More")
    tea, mug = product("Tea"), product("Mug")
    read_catalogue()
    publish_neighbours(
        "similar", {tea: [(test, 0.9, 99), (mug, 0.5, 30)], test: [(other, 0.9, 99)]}
    )
    publish_popular([test, other, tea, mug])

    assert shown(tea) == ["Mug"]
    assert shown(mug) == ["Tea"]
    assert shown(test)[0] == "Other test"


def test_a_pair_is_hidden_on_sqlite_while_others_write(tmp_path):
    with second_writer.beside_a_second_writer(tmp_path):
        first = hide_pair(1, 2, reason="a test")
        again = hide_pair(1, 2, reason="another")

        assert first.pk == again.pk
        assert PairDecision.objects.get().reason == "another"
