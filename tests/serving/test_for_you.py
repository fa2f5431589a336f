"""What visits like the present one went on to: answered from the visit's own pages, for those who
agreed to that."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.test import Client
from django.urls import path

from persona_django import counters
from persona_django.artefacts import store as artefacts
from persona_django.artefacts.models import ArtefactPart
from persona_django.catalogue import state
from persona_django.identity.erasure import erase
from persona_django.identity.models import Visitor
from persona_django.identity.shoppers import Shopper
from persona_django.identity.subjects import subject_of_keys
from persona_django.model_registry.live import VISIT_NEXT, VISITS_SCHEMA, live_artefact
from persona_django.model_registry.models import ModelVersion
from persona_django.serving import knowledge
from persona_django.serving.recommend import recommend
from persona_django.tracking.models import Event
from persona_django.tracking.schema import Kind
from persona_django.training.cleaning import clean
from persona_django.training.rebuild import rebuild
from tests.browsing import FROM_COOKIE, browser, visitor_of
from tests.factories import family_of, products, publish_popular, read_catalogue
from tests.shop.models import Product
from tests.training.history import live, look
from tests.urls import urlpatterns as shop_urls

pytestmark = pytest.mark.django_db
MINUTE = 1 / 24 / 60
REASON = "Others who looked at the same went on to this"


def home(request: HttpRequest) -> HttpResponse:
    page = engines["django"].from_string("{% load persona %}{% persona_block 'for-you' %}")
    return HttpResponse(page.render({}, request))


urlpatterns = [path("home/", home), *shop_urls]


@pytest.fixture
def shop(settings: Any, tmp_path: Any) -> list[Product]:
    """Whoever looks at the first two goes on to the third, who looks at the fourth to the
    fifth."""
    settings.PERSONA = {
        **settings.PERSONA, **FROM_COOKIE, "MIN_TRAINING_SHOPPERS": 3,
        "CACHE_FOLDER": str(tmp_path / "cache"),
    }  # fmt: skip
    cache.clear()
    made = products(9)
    read_catalogue()
    walk(range(1, 7), made[0], made[1], made[2])
    walk(range(11, 17), made[3], made[4])
    assert rebuild(VISIT_NEXT).live
    return made


def walk(people: Any, *one_after_the_other: Product) -> None:
    for place, thing in enumerate(one_after_the_other):
        look(people, [thing], days_ago=2 - place * MINUTE)


def agreed() -> Client:
    client = browser()
    client.cookies["banner"] = "yes"
    return client


def answered(client: Client, seed: Product | None = None) -> list[dict[str, Any]]:
    state.forget()
    # News is taken in page by page.
    asked = {"seed": f"shop.product:{seed.pk}"} if seed is not None else {}
    for _ in range(4):
        response = client.get("/persona/api/v1/blocks/for-you/", asked)
        assert response.status_code == 200
    return response.json()["slots"]


def for_you(client: Client, seed: Product | None = None) -> list[str]:
    """What is shown for the sake of the visit."""
    return [slot["item"] for slot in answered(client, seed) if slot["reason"]["text"] == REASON]


def named(*things: Product) -> list[str]:
    return [f"shop.product:{thing.pk}" for thing in things]


def test_the_next_page_answers_what_was_looked_at(shop):
    ann = agreed()
    assert for_you(ann) == []

    ann.get(f"/product/{shop[0].pk}/")
    assert for_you(ann) == named(shop[1], shop[2])

    ann.get(f"/product/{shop[1].pk}/")
    assert for_you(ann) == named(shop[2])


def test_what_was_looked_at_last_counts_most(shop):
    ann = agreed()
    for thing in (shop[0], shop[3]):
        ann.get(f"/product/{thing.pk}/")

    assert for_you(ann)[0] == named(shop[4])[0]


def test_nothing_that_was_looked_at_is_shown_again_whatever_it_would_be_shown_for(shop):
    ann = agreed()
    seen = [shop[8], shop[5], shop[0]]
    publish_popular(seen)
    for thing in seen:
        ann.get(f"/product/{thing.pk}/")

    slots = answered(ann)

    shown = [slot["item"] for slot in slots]
    assert {slot["reason"]["code"] for slot in slots} == {"visit-next", "newest"}
    assert shown == named(shop[1], shop[2], shop[7], shop[6], shop[4], shop[3])
    anybodys = [slot["item"] for slot in answered(browser())]
    assert anybodys[:3] == named(*seen)


def test_what_was_looked_at_long_before_in_a_long_visit_is_not_shown_again(shop, monkeypatch):
    monkeypatch.setattr("persona_django.sources.visits.MOST_SEEN", 1)
    ann = agreed()
    for thing in (shop[1], shop[0]):
        ann.get(f"/product/{thing.pk}/")

    shown = [slot["item"] for slot in answered(ann)]

    assert shown[0] == named(shop[2])[0]
    assert not {*shown} & {*named(*shop[:2])}


def test_who_has_looked_at_everything_is_told_why_there_is_nothing(shop):
    ann = agreed()
    for thing in shop:
        ann.get(f"/product/{thing.pk}/")
    answered(ann)

    slate = recommend(Shopper(visitor=visitor_of(ann), consented=True), "for-you")

    assert not slate
    assert "looked at in this visit" in slate.why_empty


def test_of_many_popular_things_those_are_shown_that_were_not_looked_at(shop):
    many = products(40)
    read_catalogue()
    publish_popular([*many, shop[8]])
    look([5], many, days_ago=0)
    answered(browser())

    slate = recommend(Shopper(visitor=5, consented=True), "for-you", size=1)

    assert [(slot.product, slot.reason.code) for slot in slate] == [(shop[8], "popular")]


def test_other_blocks_still_show_what_was_looked_at(shop):
    ann = agreed()
    ann.get(f"/product/{shop[8].pk}/")

    response = ann.get("/persona/api/v1/blocks/new-arrivals/")

    assert response.json()["slots"][0]["item"] == named(shop[8])[0]


def test_whoever_did_not_agree_is_answered_from_the_page_alone(shop):
    stranger = browser()
    stranger.get(f"/product/{shop[0].pk}/")

    assert for_you(stranger) == []
    assert for_you(stranger, seed=shop[3]) == named(shop[4])


def test_another_visit_is_over(shop):
    ann = agreed()
    ann.get(f"/product/{shop[0].pk}/")
    assert for_you(ann)

    Event.objects.filter(shopper=visitor_of(ann)).update(at=1_700_000_000)

    assert for_you(ann) == []


def test_the_visit_of_somebody_else_on_the_same_account_is_theirs(shop):
    ann, bob = agreed(), agreed()
    for client in (ann, bob):
        client.get(f"/product/{shop[8].pk}/")
        Visitor.objects.update_or_create(
            key=visitor_of(client), defaults={"account": 77, "purposes": "measure,personalise"}
        )
    bob.get(f"/product/{shop[3].pk}/")
    ann.get(f"/product/{shop[0].pk}/")

    assert for_you(ann)[:2] == named(shop[1], shop[2])
    assert named(shop[4])[0] not in for_you(ann)


def test_what_fewer_visitors_than_a_crowd_went_on_to_is_shown_to_nobody(shop):
    ann = agreed()
    ann.get(f"/product/{shop[5].pk}/")
    walk((21, 22), shop[5], shop[6])
    rebuild(VISIT_NEXT, force=True)
    assert for_you(ann) == []

    walk((23,), shop[5], shop[6])
    rebuild(VISIT_NEXT, force=True)

    assert for_you(ann) == named(shop[6])


def test_what_is_shown_to_one_visitor_is_kept_by_no_cache(shop, settings):
    settings.ROOT_URLCONF = __name__
    ann, stranger = agreed(), browser()
    ann.get(f"/product/{shop[0].pk}/")
    for_you(ann)

    hers, anybodys = ann.get("/home/"), stranger.get("/home/")

    assert REASON in hers.content.decode()
    assert "private" in hers["Cache-Control"]
    assert REASON not in anybodys.content.decode()
    assert "private" not in anybodys.get("Cache-Control", "")


def test_what_was_dismissed_does_not_come_back(shop):
    ann = agreed()
    ann.get(f"/product/{shop[0].pk}/")
    look([visitor_of(ann)], [shop[1]], kind=Kind.DISMISS, days_ago=0)

    assert for_you(ann) == named(shop[2])


def test_visits_that_cannot_be_read_leave_the_last_good_ones(shop, monkeypatch):
    ann = agreed()
    ann.get(f"/product/{shop[0].pk}/")
    assert for_you(ann) == named(shop[1], shop[2])
    walk(range(31, 40), shop[0], shop[6])
    assert rebuild(VISIT_NEXT).live
    part = ArtefactPart.objects.get(artefact_id=live(VISIT_NEXT).artefact_id)
    ArtefactPart.objects.filter(pk=part.pk).update(data=b"damaged")

    assert for_you(ann) == named(shop[1], shop[2])
    assert counters.counts()["visits_unusable"] == 1

    part.save()
    monkeypatch.setattr(knowledge, "RETRY_SECONDS", 0.0)
    assert named(shop[6])[0] in for_you(ann)


def test_no_visitor_can_be_read_from_what_is_stored(shop):
    arrays = artefacts.load(live_artefact(VISIT_NEXT), schema=VISITS_SCHEMA)

    assert arrays["visit-next/owner"].max() < 12, "positions, no numbers of theirs"
    assert arrays["group_id"].tolist() == [family_of(thing) for thing in shop[:5]]


def test_a_visit_of_somebody_erased_goes_even_where_too_few_are_left_to_learn_from(shop, settings):
    settings.PERSONA = {**settings.PERSONA, "MIN_TRAINING_SHOPPERS": 100}
    before = live(VISIT_NEXT)
    erase(subject_of_keys([1]))

    outcome = rebuild(VISIT_NEXT)

    assert outcome.live
    assert live(VISIT_NEXT).pk != before.pk
    clean()
    assert not ModelVersion.objects.filter(pk=before.pk).exists()
    arrays = artefacts.load(live_artefact(VISIT_NEXT), schema=VISITS_SCHEMA)
    assert len(arrays["visit-next/at"]) == 11, "twelve visits without one"


def test_what_few_looked_at_is_not_even_kept(shop):
    walk((21, 22), shop[0], shop[6], shop[1])
    rebuild(VISIT_NEXT, force=True)

    arrays = artefacts.load(live_artefact(VISIT_NEXT), schema=VISITS_SCHEMA)

    assert family_of(shop[6]) not in arrays["group_id"]


def test_a_shop_where_nobody_looked_twice_says_so(db, settings):
    products(3)
    read_catalogue()

    outcome = rebuild(VISIT_NEXT)

    assert not outcome.live
    assert "0 shoppers" in outcome.reason
