"""A shop adds blocks of its own, and is told what is wrong with those that cannot work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.template import engines
from django.test import RequestFactory, override_settings
from django.utils.functional import lazy
from django.utils.text import format_lazy

from persona_django import counters
from persona_django.blocks.registry import (
    LONGEST_SLUG,
    Block,
    Registry,
    block_named,
    blocks,
    faults,
    isolated,
    register_block,
)
from persona_django.ranking.base import Ranker
from persona_django.serving.recommend import recommend
from persona_django.sources.base import Candidates, Source
from persona_django.sources.popular import Newest, Popular
from tests.contracts.examples import run
from tests.factories import product, products, publish_popular, read_catalogue


class Chosen(Source):
    """The products that a test chose, the best first."""

    name = "chosen"

    def __init__(self, keys: Any = (), **options: Any) -> None:
        super().__init__(**options)
        self.keys = keys

    def retrieve(self, query):
        families = query.families.of("shop.Product", self.keys)[: self.limit]
        return Candidates.of(families, range(len(families), 0, -1), source=self.name)


class Backwards(Ranker):
    """The worst first."""

    def rank(self, candidates, query):
        return candidates.take(slice(None, None, -1))


class Forgetful(Source):
    """Calls no `super().__init__()`, as happens."""

    name = "forgetful"

    def __init__(self) -> None:
        self.keys = ()

    def retrieve(self, query):
        return Candidates.empty()


class Broken(Source):
    name = "broken"

    def retrieve(self, query):
        raise ValueError("no editor was awake")


@pytest.fixture(autouse=True)
def registry() -> Iterator[Registry]:
    with isolated() as found:
        yield found


def a_block(**options: Any) -> Block:
    return Block(**{"slug": "mine", "title": "Mine", "sources": (Chosen(),), **options})


def page(text: str, **values: Any) -> str:
    made = engines["django"].from_string("{% load persona %}" + text)
    return str(made.render(values, RequestFactory().get("/")))


@pytest.mark.django_db
def test_a_block_of_the_shop_s_own_is_shown_as_any_other(client):
    many = products(9)
    read_catalogue()
    chosen = [many[4].pk, many[2].pk, 987_654_321]
    register_block(a_block(slug="editors-choice", sources=(Chosen(chosen), Newest())))

    html = page('{% persona_block "editors-choice" size=3 %}')
    answer = client.get("/persona/api/v1/blocks/editors-choice/?size=2").json()

    assert "persona-block--editors-choice" in html
    assert html.index(many[4].get_absolute_url()) < html.index(many[2].get_absolute_url())
    assert html.count("<li") == 3
    assert [slot["title"] for slot in answer["slots"]] == [many[4].name, many[2].name]


@pytest.mark.django_db
def test_a_ranker_of_the_shop_s_own_decides_the_order():
    many = products(5)
    read_catalogue()
    source = Chosen([one.pk for one in many])
    register_block(a_block(sources=(source,), ranker=Backwards()))

    assert [slot.product for slot in recommend(None, "mine")] == many[::-1]


@pytest.mark.django_db
def test_a_source_of_the_shop_s_own_that_raises_costs_its_block_only(caplog):
    tea, pot = products(2)
    read_catalogue()
    register_block(a_block(sources=(Broken(),)))

    html = page(
        '{% persona_block "mine" product %}{% persona_block "similar-items" product %}',
        product=tea,
    )

    assert pot.get_absolute_url() in html
    assert "persona-block--mine" not in html
    assert "no editor was awake" in caplog.text
    assert counters.counts() == {"block_failed": 1}


@pytest.mark.django_db
def test_the_blocks_of_the_documentation_work(registry):
    tea, pot = product("Tea"), product("Pot")
    read_catalogue()
    publish_popular([pot, tea])
    made = {}
    for name in ("block", "source", "ranker"):
        defined, documented = run(name)
        made |= documented.blocks
        if "CHOSEN" in defined:
            defined["CHOSEN"] = [tea.pk]
    for block in made.values():
        if block.slug not in blocks():
            register_block(block)

    assert set(blocks()) >= {"start-here", "editors-choice", "fresh"}
    assert [slot.title for slot in recommend(None, "start-here")] == ["Pot", "Tea"]
    assert [slot.title for slot in recommend(None, "editors-choice")] == ["Tea", "Pot"]
    assert len(recommend(None, "fresh")) == 2


@pytest.mark.django_db
def test_status_names_a_block_of_the_shop_s_own(capsys):
    register_block(a_block(sources=(Chosen(), Popular())))

    call_command("persona_status")

    said = " ".join(capsys.readouterr().out.split())
    assert "mine: Shows chosen, then what is popular in the shop." in said


@pytest.mark.django_db
def test_status_says_what_is_wrong_with_a_block(capsys):
    register_block(a_block(sources=(Chosen,)))

    call_command("persona_status")

    said = " ".join(capsys.readouterr().out.split())
    assert "The block 'mine' has the source" in said
    assert "Give it the object, with brackets: Chosen()." in said


def odd(**said: Any) -> Source:
    """A source whose class says something unheard of."""
    return type("Odd", (Chosen,), said)()


ARRAY = np.array([1, 2])


def raising() -> str:
    raise RuntimeError("the editors are on holiday")


WRONG = {
    "no block": ("editors-choice", "is no block", "Block("),
    "a slug of an address": (a_block(slug="Editors' choice"), "name", "small letters"),
    "a slug that is too long": (a_block(slug="a" * (LONGEST_SLUG + 1)), "name", "at most"),
    "no slug": (a_block(slug=None), "name", "hyphens"),
    "a slug of ours": (a_block(slug="reorder"), "name of another", "another slug"),
    "no title": (a_block(title=" "), "no title", "title="),
    "no sources": (a_block(sources=()), "no sources", "sources=("),
    "a list": (a_block(sources=[Chosen()]), "no sources", "sources=("),
    "a class": (a_block(sources=(Chosen,)), "is none", "Chosen()"),
    "a function": (a_block(sources=(print,)), "is none", "inherits from Source"),
    "a class as ranker": (a_block(ranker=Backwards), "ranker", "Backwards()"),
    "no super": (a_block(sources=(Forgetful(),)), "Forgetful", "super().__init__"),
    "two of a name": (a_block(sources=(Chosen(), Chosen())), "one name", "name of its own"),
    "a kind": (a_block(kind="simliar"), "simliar", "similar, bought-together"),
    "a reason": (a_block(sources=(odd(reason="because"),)), "because", "popular"),
    "a relation": (a_block(sources=(odd(relation=9),)), "relation", "1"),
    "a list of kinds": (a_block(kind=["similar"]), "['similar']", "similar, bought-together"),
    "a list of names": (
        a_block(sources=(odd(name=["a"]), odd(name=["a"]))),
        "without a name",
        "=",
    ),
    "a list of reasons": (a_block(sources=(odd(reason=["new"]),)), "['new']", "popular"),
    "an array of reasons": (a_block(sources=(odd(reason=ARRAY),)), "array([1, 2])", "popular"),
    "an array of relations": (a_block(sources=(odd(relation=ARRAY),)), "relation", "1"),
    "an array as kind": (a_block(kind=ARRAY), "array([1, 2])", "similar, bought-together"),
    "a title that raises": (a_block(title=lazy(raising, str)()), "on holiday", "title="),
    "a title that lacks a part": (a_block(title=format_lazy("{of}", by=1)), "KeyError", "title="),
    "a number as title": (a_block(title=5), "no text but 5", "title="),
    "a second title that raises": (
        a_block(title_of_fallbacks=lazy(raising, str)()),
        "on holiday",
        "title_of_fallbacks=",
    ),
    "a name": (a_block(sources=(odd(name=""),)), "without a name", "="),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.django_db
def test_a_block_that_cannot_work_is_left_out_and_the_check_says_what_to_do(caplog, wrong):
    given, fault, advice = WRONG[wrong]
    before = blocks()

    register_block(given)

    message = next(found for found in run_checks() if found.id == "persona.E025")
    assert fault in message.msg
    assert advice in str(message.hint)
    assert advice in caplog.text
    assert blocks() == before


@pytest.mark.django_db
def test_an_app_that_is_switched_off_says_nothing_of_its_blocks():
    register_block(a_block(title=""))

    with override_settings(PERSONA={"ENABLED": False}):
        assert not [found for found in run_checks() if found.id == "persona.E025"]


def test_a_persona_py_that_is_imported_twice_declares_no_second_block():
    first, again = (a_block(title="Mine", sources=(Chosen(), Popular())) for _ in range(2))

    register_block(first)
    register_block(again)

    assert faults() == []
    assert block_named("mine") is again


@pytest.mark.parametrize("sources", [None, 5, [Chosen()], (Chosen,)])
def test_a_second_block_of_a_name_may_be_wrong_in_any_other_way_too(sources):
    first = register_block(a_block())

    register_block(a_block(title=lazy(raising, str)(), sources=sources))

    assert block_named("mine") is first
    assert len(faults()) >= 2


def test_of_two_blocks_of_one_name_the_first_stays():
    first = register_block(a_block())
    register_block(a_block(sources=(Popular(),)))

    assert block_named("mine") is first
    assert len(faults()) == 1
