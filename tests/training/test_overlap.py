"""Lists that change altogether from one day to the next rest on broken input."""

from __future__ import annotations

import pytest

from persona_django import counters
from persona_django.similarity.models import NeighbourRow
from persona_django.tracking.models import Event
from persona_django.training.rebuild import rebuild
from tests.factories import family_of, products, read_catalogue
from tests.training.history import beside, live, look

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(settings):
    settings.PERSONA = {
        **settings.PERSONA, "MIN_TRAINING_SHOPPERS": 1, "MIN_LOG_LIKELIHOOD": 0,
    }  # fmt: skip
    made = products(8)
    read_catalogue()
    for first in (0, 2, 4, 6):
        look(range(10 * first + 1, 10 * first + 9), made[first : first + 2])
    assert rebuild("similar").live
    return made


def shuffled(shop) -> None:
    """As after an import that mixed up the products."""
    Event.objects.all().delete()
    for first, second in ((0, 3), (2, 5), (4, 7), (6, 1)):
        look(range(10 * first + 1, 10 * first + 9), [shop[first], shop[second]])


def test_a_version_with_nothing_of_the_live_one_is_held_back(shop):
    shuffled(shop)

    outcome = rebuild("similar")

    assert not outcome.live
    assert "have only 0% in common with the live version" in outcome.reason
    assert "MIN_OVERLAP_KEPT" in outcome.reason
    assert beside(shop[0]) == [family_of(shop[1])]


def test_a_shop_may_ask_for_less(shop, settings):
    settings.PERSONA = {**settings.PERSONA, "MIN_OVERLAP_KEPT": 0}
    shuffled(shop)

    outcome = rebuild("similar")

    assert outcome.live
    assert outcome.figures["overlap"] == 0
    assert beside(shop[0]) == [family_of(shop[3])]


def test_lists_that_grow_keep_all_they_had(shop):
    for first in (0, 2, 4):
        look(range(200, 209), shop[first : first + 4])

    outcome = rebuild("similar")

    assert outcome.live
    assert outcome.figures["overlap"] == 1


def test_the_first_version_is_compared_with_nothing(shop):
    assert "overlap" not in rebuild("viewed-next", force=True).figures


def test_what_the_shop_no_longer_sells_is_no_loss(shop):
    for thing in shop[1::2]:
        thing.delete()
    read_catalogue()
    look(range(300, 309), [shop[0], shop[2]])
    look(range(300, 309), [shop[4], shop[6]])

    assert rebuild("similar").live
    assert family_of(shop[2]) in beside(shop[0])


# -- rows that are damaged ------------------------------------------------------------------------


def damage(*things) -> None:
    """As a disk or a restore that failed leaves their rows of the live version."""
    rows = NeighbourRow.objects.filter(version_id=live("similar").pk)
    rows = rows.filter(item_id__in=[family_of(thing) for thing in things])
    assert rows.update(data=b"damaged") == len(things)


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("n", [1, 8], ids=["one list", "every list"])
def test_a_damaged_list_is_made_again_by_the_next_rebuild(shop, n, force):
    damage(*shop[:n])

    outcome = rebuild("similar", force=force)

    assert outcome.live, outcome.reason
    assert beside(shop[0]) == [family_of(shop[1])]
    assert counters.counts()["neighbours_unusable"] == n


def test_a_damaged_list_does_not_hide_that_the_others_have_changed_altogether(shop):
    damage(shop[0])
    shuffled(shop)

    assert "have only 0% in common" in rebuild("similar").reason
