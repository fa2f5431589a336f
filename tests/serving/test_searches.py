"""What a shop's results page is told of a search."""

from __future__ import annotations

import io
import time

import pytest
import time_machine
from asgiref.sync import async_to_sync
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.http import HttpRequest
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from rest_framework.request import Request

import persona_django
from persona_django import counters, search_finds
from persona_django.artefacts import store as artefacts
from persona_django.artefacts.models import ArtefactPart
from persona_django.catalogue import state
from persona_django.catalogue.models import Item
from persona_django.catalogue.snapshot import build_snapshot
from persona_django.catalogue.sync import sync
from persona_django.identity.shoppers import Shopper
from persona_django.model_registry.live import SEARCH_FINDS, SEARCHES_SCHEMA
from persona_django.serving.searches import Found, SearchFinds
from persona_django.tracking.models import Event, Intent
from persona_django.tracking.schema import Kind
from persona_django.tracking.searches import count_over
from persona_django.training.rebuild import rebuild
from tests.browsing import ask_for_consent
from tests.deriving.doings import now
from tests.factories import family_of, product, products, read_catalogue
from tests.reporting import event, send, told, visitor
from tests.training.history import live
from tests.training.searching import search, visits_are_over

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(settings, tmp_path):
    settings.PERSONA = {**settings.PERSONA, "CACHE_FOLDER": str(tmp_path / "cache")}
    made = products(4)
    read_catalogue()
    search(25, "green tea", made[0])
    search(7, "green teas", made[1])
    search(8, "teapod", made[2], kind=Kind.PURCHASE, results=0, and_then="teapot")
    visits_are_over()
    assert rebuild(SEARCH_FINDS).live
    state.forget()
    return made


def named(product, visitors: int) -> Found:
    return Found(model="shop.product", key=str(product.pk), visitors=visitors)


def test_what_others_found_useful_is_told_with_rounded_figures(shop):
    answer = search_finds(None, "Green  TEA")

    assert answer.useful == (named(shop[0], 20), named(shop[1], 5))
    assert not answer.leads_nowhere
    assert search_finds(None, "green tea jane@example.com").useful == answer.useful
    assert search_finds(None, "green tea", size=1).useful == (named(shop[0], 20),)


def test_what_browsers_report_is_what_the_next_one_who_searches_is_told(settings):
    """All the way: reported by the script, counted, learnt, told."""
    ask_for_consent(settings)
    cache.clear()
    pot = product("Iron pot")
    read_catalogue()
    item = f"shop.product:{pot.pk}"
    browsers = [visitor(f"somebody {number}") for number in range(6)]
    with time_machine.travel(time.time() - 3_600, tick=True):
        for browser in browsers:
            search = event("search", words="cast iron teapots", results=4)
            assert told(send(browser, search, event("view", item=item))) == "aa"
    with time_machine.travel(time.time() - 3_500, tick=True):
        for browser in browsers:
            send(browser, event("view", item=item))
    for job in ("judge/1", "derive/1", "rebuild/search-finds/1"):
        call_command("persona_run", "--again", job, stdout=io.StringIO())
    state.forget()

    assert [one.key for one in search_finds(None, "Teapot, cast iron").useful] == [str(pot.pk)]
    assert not Intent.objects.exclude(words="").exists()


def second(request: HttpRequest) -> int:
    """The store that every request belongs to."""
    return 2


@pytest.fixture
def second_store(shop):
    """There they look at something else after the same search."""
    sync(store=2)
    build_snapshot(2)
    search(25, "green tea", shop[3])
    there = Item.objects.get(store=2, key=shop[3].pk)
    Event.objects.filter(item_id=family_of(shop[3])).update(store=2, item_id=there.pk)
    Intent.objects.exclude(words="").update(store=2)
    count_over(2, now=now())
    assert rebuild(SEARCH_FINDS, store=2).live
    state.forget()
    return shop


def test_each_store_is_told_what_was_found_there(second_store, settings):
    request = RequestFactory().get("/search/")
    here, there = named(second_store[0], 20), named(second_store[3], 20)

    assert search_finds(request, "green tea", size=1).useful == (here,)
    assert search_finds(Shopper(), "green tea", size=1).useful == (here,)
    assert search_finds(Shopper(store=2), "green tea").useful == (there,)
    assert search_finds(None, "green tea", store=2).useful == (there,)

    settings.PERSONA = {**settings.PERSONA, "STORE_OF": f"{__name__}.second"}
    asynchronous = async_to_sync(persona_django.asearch_finds)

    assert search_finds(request, "green tea").useful == (there,)
    assert search_finds(request, "green tea", store=1).useful == (there,), "it is not asked there"
    assert asynchronous(request, "green tea").useful == (there,)


def test_where_a_search_leads_nowhere_it_tells_what_was_bought_in_the_end(shop):
    answer = search_finds(None, "teapods")

    assert answer.leads_nowhere
    assert answer.useful == ()
    assert answer.bought_in_the_end == (named(shop[2], 5),)


@pytest.mark.parametrize("words", ["coffee", "", "?!", "tea" * 100])
def test_of_what_no_crowd_asked_for_nothing_is_told(shop, words):
    assert search_finds(None, words) == SearchFinds()


def test_it_asks_for_nothing_once_it_is_known(shop):
    search_finds(None, "tea")
    with CaptureQueriesContext(connection) as asked:
        search_finds(None, "green tea")

    assert len(asked) == 0


def test_what_is_sold_out_or_sensitive_is_not_told(shop, settings):
    shop[0].stock = 0
    shop[0].save()
    read_catalogue()
    assert search_finds(None, "green tea").useful == (named(shop[1], 5),)

    settings.PERSONA = {**settings.PERSONA, "SENSITIVE_CATEGORIES": ("Drinks",)}
    read_catalogue()

    assert search_finds(None, "green tea").useful == ()


def test_before_anything_was_learnt_nothing_is_told(db):
    assert search_finds(None, "tea") == SearchFinds()
    assert counters.counts()["search_finds_failed"] == 1, "there is no catalogue"
    products(1)
    read_catalogue()

    assert search_finds(None, "tea") == SearchFinds()


def test_switched_off_it_tells_nothing(shop, settings):
    settings.PERSONA = {**settings.PERSONA, "ENABLED": False}

    assert search_finds(None, "green tea") == SearchFinds()


def test_what_cannot_be_read_is_counted_and_breaks_no_page(shop):
    version = live(SEARCH_FINDS)
    assert version is not None
    ArtefactPart.objects.filter(artefact_id=version.artefact_id).update(data=b"damaged")

    assert search_finds(None, "green tea") == SearchFinds()
    assert counters.counts()["searches_unusable"] == 1


def test_figures_that_do_not_fit_together_are_counted_and_break_no_page(shop):
    version = live(SEARCH_FINDS)
    assert version is not None
    assert version.artefact_id is not None
    arrays = artefacts.load(version.artefact_id, schema=SEARCHES_SCHEMA)
    odd = {**arrays, "found_item": arrays["found_item"] + 100}
    version.artefact_id = artefacts.save("search-finds/odd", odd, schema=SEARCHES_SCHEMA)
    version.save()

    assert search_finds(None, "green tea") == SearchFinds()
    assert counters.counts()["searches_unusable"] == 1


class Unreadable:
    """As a lazy text of the shop's, whose translation is broken."""

    def __str__(self) -> str:
        raise OSError("no such catalogue of messages")


@pytest.mark.parametrize(
    ("words", "given"),
    [
        ("tea", {"store": "x"}),
        ("tea", {"size": "many"}),
        (Unreadable(), {}),
        ("tea", {"store": {}}),
    ],
)
def test_whatever_goes_wrong_is_counted_and_logged_and_breaks_no_page(shop, caplog, words, given):
    assert search_finds(None, words, **given) == SearchFinds()

    assert counters.counts()["search_finds_failed"] == 1
    assert "What was found after searches cannot be told" in caplog.text


def test_a_request_of_rest_framework_is_as_good_as_the_one_within_it(second_store, settings):
    settings.PERSONA = {**settings.PERSONA, "STORE_OF": f"{__name__}.second"}
    request = Request(RequestFactory().get("/search/"))

    assert search_finds(request, "green tea").useful == (named(second_store[3], 20),)


def test_async_views_are_told_as_well(shop):
    answer = async_to_sync(persona_django.asearch_finds)(None, "green tea")

    assert [found.key for found in answer.useful] == [str(shop[0].pk), str(shop[1].pk)]


def test_on_the_event_loop_it_says_what_to_write_instead(shop):
    async def view() -> SearchFinds:
        return search_finds(None, "green tea")

    assert async_to_sync(view)() == SearchFinds()
    assert counters.counts()["search_finds_failed"] == 1
