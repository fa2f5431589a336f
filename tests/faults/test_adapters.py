"""The shop's own code, which the app calls, may do anything: the page is as without the app."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
from django.template import engines
from django.test import Client, RequestFactory, override_settings

from persona_django import counters
from persona_django.blocks.registry import Block, isolated, register_block
from persona_django.breaker import breaker
from persona_django.catalogue import registry
from persona_django.catalogue.maps import ItemMap
from persona_django.identity import shoppers
from persona_django.ranking.base import Ranker
from persona_django.serving.recommend import recommend
from persona_django.sources.base import Candidates, Source
from persona_django.sources.popular import Popular
from tests.factories import product, publish_neighbours, publish_popular, read_catalogue
from tests.faults.browser import BROWSER, OURS
from tests.faults.doors import doors
from tests.faults.shop import adapters
from tests.shop.models import OrderLine, Product

pytestmark = pytest.mark.django_db

Answer = Callable[..., Any]
SLOW = 0.15


def raises(*args: Any) -> Any:
    raise adapters.Weird("the shop's own fault")


def yields_for_ever(*args: Any) -> Iterator[str]:
    while True:
        yield "on and on"


MANNERS: dict[str, Answer] = {
    "raises": raises,
    "says nothing": lambda *args: None,
    "says something odd": lambda *args: object(),
    "never ends": yields_for_ever,
    "says too much": lambda *args: ["\0", {"a": object()}, float("nan")] * 20,
}
OF_ITEMS = [
    "queryset",
    "visible",
    "key",
    *(name for name in ItemMap.names if name != "attributes"),
]
OF_ORDERS = ["queryset", "own", "lines"]
OTHERS = ["allowed", "store_of", "account_of"]
HOOKS = [
    *(("items", name) for name in OF_ITEMS),
    *(("orders", name) for name in OF_ORDERS),
    *(("shop", name) for name in OTHERS),
]
PERSONA = {
    "CONSENT_POLICY": {"BACKEND": "tests.faults.shop.adapters.Banner"},
    "STORE_OF": "tests.faults.shop.adapters.store_of",
    "ACCOUNT_OF": "tests.faults.shop.adapters.account_of",
}
SOON_SLOW = {**PERSONA, "SLOW_CALL": timedelta(seconds=SLOW * 2 / 3)}


@pytest.fixture(autouse=True)
def _forget_functions() -> Iterator[None]:
    shoppers._function.cache_clear()
    yield
    shoppers._function.cache_clear()
    for one in (*registry.item_maps().values(), *registry.order_maps()):
        one._readers.clear()


@pytest.fixture
def visitor(django_user_model) -> Iterator[Client]:
    """Somebody who agreed and is signed in, in a shop that knows what goes with what."""
    first, *others = (product(f"Tea {n}", pk=n) for n in range(1, 6))
    read_catalogue()
    for kind in ("similar", "bought-together"):
        publish_neighbours(kind, {first: [(other, 0.5, 40) for other in others]})
    publish_popular([first, *others])
    client = Client(headers={"user-agent": BROWSER})
    client.force_login(django_user_model.objects.create_user("ann"))
    client.cookies["banner"] = "yes"
    with override_settings(PERSONA=PERSONA, INSTALLED=True, ROOT_URLCONF="tests.faults.shop.urls"):
        yield client


def pages(client: Client) -> dict[str, tuple[int, str]]:
    """Every page of the shop by its door, without what is ours."""
    found = {}
    for door in doors():
        if door.is_page:
            answer = client.generic(door.method, door.path)
            found[door.name] = (answer.status_code, OURS.sub("", answer.content.decode()))
    return found


_without_us: dict[str, tuple[int, str]] = {}


def pages_without_us(client: Client) -> dict[str, tuple[int, str]]:
    """The same, of the shop without the app. Asked once: no adapter is called there."""
    if not _without_us:
        with override_settings(INSTALLED=False):
            _without_us.update(pages(client))
    return _without_us


def put_in(monkeypatch: pytest.MonkeyPatch, where: str, hook: str, answer: Answer) -> None:
    if where == "shop":
        owner = adapters.Banner if hook == "allowed" else adapters
        monkeypatch.setattr(owner, hook, answer)
        return
    one = registry.map_for(Product)
    if where == "orders":
        one = next(found for found in registry.order_maps() if found.model is OrderLine)
    monkeypatch.setattr(one, hook, answer, raising=False)
    one._readers.clear()


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize(("where", "hook"), HOOKS)
def test_whatever_an_adapter_does_the_page_is_as_it_is_without_us(
    visitor, monkeypatch, where, hook, manner
):
    wanted = pages_without_us(visitor)
    with monkeypatch.context() as broken:
        put_in(broken, where, hook, MANNERS[manner])

        found = pages(visitor)
        block = visitor.get("/persona/api/v1/blocks/similar-items/?seed=shop.product:1")

    assert found == wanted
    assert block.status_code == 200


class Odd(Source, Ranker):
    """A source and a ranker of the shop's that answers as it is told."""

    name = "odd"

    def __init__(self, answer: Answer) -> None:
        super().__init__(limit=10)
        self.answer = answer

    def retrieve(self, query: Any) -> Candidates:
        return self.answer(query)  # type: ignore[no-any-return]

    def rank(self, candidates: Candidates, query: Any) -> Candidates:
        return self.answer(candidates, query)  # type: ignore[no-any-return]


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("part", ["source", "ranker"])
def test_whatever_a_source_or_a_ranker_does_costs_its_block(visitor, manner, part):
    odd = Odd(MANNERS[manner])
    sources, ranker = ((odd,), None) if part == "source" else ((Popular(),), odd)
    given = {"slug": "odd", "title": "Odd", "sources": sources}
    with ExitStack() as stack:
        stack.enter_context(isolated())
        register_block(Block(**given, **({"ranker": ranker} if ranker else {})))

        text = '{% load persona %}<p>{% persona_block "odd" %}</p>'
        page = engines["django"].from_string(text).render({}, RequestFactory().get("/"))

    assert page == "<p></p>"
    assert sum(counters.counts().values()) >= 1


@override_settings(PERSONA=SOON_SLOW)
def test_a_map_that_takes_its_time_keeps_one_page_waiting_and_not_all(visitor, monkeypatch):
    assert recommend(None, "similar-items", seeds="shop.product:1")
    asked = []
    one = registry.map_for(Product)
    slow = one.visible

    def visible(queryset: Any, audience: Any) -> Any:
        asked.append(1)
        time.sleep(SLOW)
        return slow(queryset, audience)

    monkeypatch.setattr(one, "visible", visible)

    first, *others = (recommend(None, "similar-items", seeds="shop.product:1") for _ in range(4))

    assert first
    assert not any(others)
    assert len(asked) == 1
    assert "left alone" in others[0].why_empty
    assert breaker("block_similar-items").is_resting


@override_settings(PERSONA=SOON_SLOW)
def test_a_policy_that_takes_its_time_keeps_one_page_waiting_and_takes_no_cookie_back(
    visitor, monkeypatch
):
    visitor.get("/page/1/")
    cookie = visitor.cookies["persona"].value
    asked = []

    def allowed(self: Any, request: Any, purpose: str) -> bool:
        asked.append(1)
        time.sleep(SLOW)
        return True

    monkeypatch.setattr(adapters.Banner, "allowed", allowed)

    answers = [visitor.get("/page/1/") for _ in range(3)]

    assert len(asked) == 1
    assert visitor.cookies["persona"].value == cookie
    assert not any("persona" in answer.cookies for answer in answers)
