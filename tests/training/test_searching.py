"""What is found useful after a search is learnt, and what searches lead nowhere."""

from __future__ import annotations

import time

import pytest

from persona_django.artefacts import store as artefacts
from persona_django.identity.erasure import erase
from persona_django.identity.subjects import subject_of_keys
from persona_django.model_registry import publish
from persona_django.model_registry.live import SEARCH_FINDS, SEARCHES_SCHEMA, live_artefact
from persona_django.model_registry.models import ModelVersion
from persona_django.model_registry.retention import surplus
from persona_django.sources.searches import KnownSearches
from persona_django.tracking.finds import key_of
from persona_django.tracking.models import SearchFind, SearchTerm
from persona_django.tracking.schema import Kind
from persona_django.training import searching
from persona_django.training.rebuild import rebuild
from tests.factories import family_of, products, read_catalogue
from tests.training.history import live
from tests.training.searching import search, visits_are_over

pytestmark = pytest.mark.django_db
SUPPORT, BUYERS, ASKERS = 3, 5, 5
DAY = 86_400


@pytest.fixture
def shop():
    made = products(6)
    read_catalogue()
    return made


def learnt() -> KnownSearches:
    return KnownSearches(artefacts.load(live_artefact(SEARCH_FINDS), schema=SEARCHES_SCHEMA))


def found(words: str) -> list[int]:
    return learnt().found_after(key_of(words)).group_id.tolist()


def in_the_end(words: str) -> list[int]:
    return learnt().bought_in_the_end(key_of(words)).group_id.tolist()


def test_what_was_found_after_a_search_is_learnt_the_best_first(shop):
    search(6, "green tea", shop[0])
    search(6, "green tea", shop[1], kind=Kind.CART_ADD)
    search(6, "green tea", shop[2], kind=Kind.PURCHASE)
    visits_are_over()

    outcome = rebuild(SEARCH_FINDS)

    assert outcome.live, outcome.reason
    assert found("green tea") == [family_of(one) for one in (shop[2], shop[1], shop[0])]
    finds = learnt().found_after(key_of("green tea"))
    assert finds.visitors.tolist() == [6, 6, 6]
    assert learnt().words(key_of("green tea")) == "green tea"


def test_a_plural_accents_and_the_order_of_words_lead_to_the_same(shop):
    for spelling in ("caf\u00e9 cup", "cups cafe"):
        search(ASKERS, spelling, shop[0])
    search(ASKERS, "tea", shop[1])
    visits_are_over()
    rebuild(SEARCH_FINDS)

    assert found("CUP, Caf\u00e9s") == found("cafe cups") == [family_of(shop[0])]
    assert found("tea") == [family_of(shop[1])]
    assert len(learnt()) == 2


def test_what_fewer_than_a_crowd_asked_for_or_found_stands_nowhere(shop):
    search(ASKERS - 1, "jane smith", shop[0])
    search(ASKERS, "tea", shop[1])
    search(SUPPORT - 1, "tea", shop[2])
    search(BUYERS - 1, "tea", shop[3], kind=Kind.PURCHASE)
    visits_are_over()

    rebuild(SEARCH_FINDS)

    assert found("tea") == [family_of(shop[1])]
    assert key_of("jane smith") not in learnt()
    version = live(SEARCH_FINDS)
    assert version is not None
    packed = artefacts.load(version.artefact_id, schema=SEARCHES_SCHEMA)
    assert b"jane" not in b"".join(array.tobytes() for array in packed.values())
    assert packed["group_id"].tolist() == [family_of(shop[1])]
    assert not SearchTerm.objects.filter(words__contains="jane").exists()


def test_what_fewer_than_a_crowd_did_moves_no_figure(shop):
    search(ASKERS, "tea", shop[0], shop[1])
    visits_are_over()
    rebuild(SEARCH_FINDS)
    before = _without_time(learnt())

    search(SUPPORT - 1, "tea", shop[0])
    search(BUYERS - 1, "tea", shop[1], kind=Kind.PURCHASE)
    visits_are_over()
    rebuild(SEARCH_FINDS)

    assert _without_time(learnt()) == before


def _without_time(known: KnownSearches) -> tuple[list[int], list[int], list[float]]:
    """Scores fade with every second, which moves no proportion."""
    finds = known.found_after(key_of("tea"))
    shares = finds.score / finds.score.sum()
    return finds.group_id.tolist(), finds.visitors.tolist(), shares.round(6).tolist()


@pytest.mark.parametrize("results", [0, 7])
def test_a_search_that_leads_nowhere_tells_what_was_bought_in_the_end(shop, results):
    search(
        BUYERS + 3, "teapod", shop[0], kind=Kind.PURCHASE, results=results,
        and_then="teapot",
    )  # fmt: skip
    search(ASKERS, "tea", shop[1], kind=Kind.PURCHASE)
    visits_are_over()

    rebuild(SEARCH_FINDS)

    assert learnt().leads_nowhere(key_of("teapods"))
    assert (found("teapod"), in_the_end("teapod")) == ([], [family_of(shop[0])])
    assert learnt().bought_in_the_end(key_of("teapod")).visitors.tolist() == [BUYERS + 3]
    assert not learnt().leads_nowhere(key_of("tea"))
    assert (found("tea"), in_the_end("tea")) == ([family_of(shop[1])], [])


def test_a_few_buyers_do_not_tell_what_came_of_a_search_that_leads_nowhere(shop):
    search(ASKERS, "teapod", results=0)
    search(BUYERS - 1, "teapod", shop[0], kind=Kind.PURCHASE, and_then="teapot")
    search(ASKERS, "tea", shop[1])
    visits_are_over()

    rebuild(SEARCH_FINDS)

    assert learnt().leads_nowhere(key_of("teapod"))
    assert in_the_end("teapod") == []


def test_what_was_bought_after_failures_of_a_search_that_mostly_works_is_not_told(shop):
    search(BUYERS, "tea", shop[0], kind=Kind.PURCHASE, and_then="pot")
    search(20, "tea", shop[1])
    visits_are_over()

    rebuild(SEARCH_FINDS)

    assert not learnt().leads_nowhere(key_of("tea"))
    assert in_the_end("tea") == []


def test_what_a_crowd_found_lately_goes_before_what_one_found_long_ago(shop):
    search(9, "tea", shop[0])
    visits_are_over()
    SearchFind.objects.update(last_at=int(time.time()) - 80 * DAY)
    search(8, "tea", shop[1])
    visits_are_over()

    rebuild(SEARCH_FINDS)

    assert found("tea") == [family_of(shop[1]), family_of(shop[0])]


def test_signs_that_a_crowd_asked_for_ask_for_nothing(shop):
    search(ASKERS, "?!", shop[0])
    search(ASKERS, "tea", shop[1])
    visits_are_over()

    rebuild(SEARCH_FINDS)

    assert len(learnt()) == 1


def test_only_the_most_asked_are_held_by_every_process(shop, monkeypatch):
    monkeypatch.setattr(searching, "MOST_QUERIES", 1)
    search(ASKERS, "mug", shop[0])
    search(ASKERS + 1, "tea", shop[1])
    visits_are_over()

    rebuild(SEARCH_FINDS)

    assert (key_of("mug") in learnt(), key_of("tea") in learnt()) == (False, True)


def test_what_became_sensitive_is_found_after_no_search(shop, settings):
    search(ASKERS, "tea", shop[0])
    visits_are_over()
    settings.PERSONA = {**settings.PERSONA, "SENSITIVE_CATEGORIES": ("Drinks",)}
    read_catalogue()

    outcome = rebuild(SEARCH_FINDS)

    assert not outcome.live
    assert outcome.figures["items"] == 0


def test_where_every_search_leads_nowhere_that_is_what_is_known(shop):
    search(ASKERS, "coffee", results=0)
    visits_are_over()

    outcome = rebuild(SEARCH_FINDS)

    assert outcome.live and not outcome.is_empty, outcome.reason
    assert learnt().leads_nowhere(key_of("coffee"))
    assert found("coffee") == []


def test_without_searches_it_says_what_it_waits_for(shop):
    outcome = rebuild(SEARCH_FINDS)

    assert not outcome.live
    assert "MIN_ASKERS" in outcome.reason and "3 visitors (MIN_SUPPORT)" in outcome.reason


def test_it_is_published_rolled_back_and_pruned_like_the_others(shop):
    search(ASKERS, "tea", shop[0])
    visits_are_over()
    versions = [rebuild(SEARCH_FINDS).version_id for _ in range(5)]
    assert live_id() == versions[-1]

    publish.roll_back(SEARCH_FINDS)

    assert live_id() == versions[-2]
    assert found("tea") == [family_of(shop[0])]
    assert {version.pk for version in surplus(SEARCH_FINDS)} == set(versions[:2])


def live_id() -> int:
    version = live(SEARCH_FINDS)
    return version.pk if version else 0


def test_what_a_crowd_found_stays_when_one_of_them_is_erased(shop):
    crowd = search(ASKERS, "tea", shop[0])
    visits_are_over()
    rebuild(SEARCH_FINDS)

    erase(subject_of_keys(crowd[:1]))

    assert rebuild(SEARCH_FINDS).live
    assert found("tea") == [family_of(shop[0])]


@pytest.mark.parametrize("setting", ["MIN_ASKERS", "MIN_SUPPORT"])
def test_a_shop_that_asks_for_larger_crowds_is_shown_less_at_once(shop, settings, setting):
    search(ASKERS, "tea", shop[0])
    visits_are_over()
    rebuild(SEARCH_FINDS)
    settings.PERSONA = {**settings.PERSONA, setting: 9}

    outcome = rebuild(SEARCH_FINDS)

    assert outcome.live and outcome.is_empty
    assert found("tea") == []
    assert ModelVersion.objects.get(pk=outcome.version_id).figures["crowd"][setting.lower()] == 9
