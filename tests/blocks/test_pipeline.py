"""The pipeline on its own: no request, no learning, only what it is given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from django.db import DatabaseError

from persona_django.blocks.pipeline import Stage, build_slate, diversify, retrieve
from persona_django.blocks.registry import Block, block_named, blocks
from persona_django.blocks.shelf import Shelf
from persona_django.catalogue.maps import Audience
from persona_django.catalogue.snapshot import current_snapshot
from persona_django.exceptions import UnknownBlock
from persona_django.sources.base import Candidates, Source
from persona_django.sources.families import Families
from persona_django.sources.query import Query
from tests.factories import TEA, family_of, item_id, mapped, products, read_catalogue
from tests.shop.models import Brand, Product


class Given(Source):
    """The caller's own list."""

    def __init__(self, name: str, objects: list, **options) -> None:
        super().__init__(**options)
        self.name = name
        self.objects = objects
        self.asked = 0

    def retrieve(self, query: Query) -> Candidates:
        self.asked += 1
        ids = [family_of(obj) for obj in self.objects]
        return Candidates.of(ids, range(len(ids), 0, -1), source=self.name)


def unheard(advice: str, error: Exception) -> None:
    raise error


def shown(shelf: Shelf, item: int, name: str):
    item_map, found = shelf[item]
    return item_map.value(found, name)


@pytest.fixture
def stage(db) -> Stage:
    snapshot = current_snapshot()
    return Stage(shelf=Shelf(snapshot, Audience(), on_fault=unheard))


def query(size: int = 6) -> Query:
    return Query(families=Families(current_snapshot()), size=size)


def block(*sources: Source) -> Block:
    return Block(slug="test", title="Test", sources=sources)


@pytest.fixture
def shop(db):
    many = products(60)
    read_catalogue()
    return many


def test_the_admin_and_the_shop_get_their_slate_from_the_same_call(shop, stage):
    slate = build_slate(block(Given("mine", shop[3:6])), query(2), stage)

    assert [slot.product for slot in slate] == shop[3:5]
    assert [slot.position for slot in slate] == [1, 2]
    assert stage.taken == {family_of(one) for one in shop[3:5]}


def test_the_next_block_of_the_page_goes_on_where_the_last_one_stopped(shop, stage):
    mine = block(Given("mine", shop[:5]))

    first, second = build_slate(mine, query(2), stage), build_slate(mine, query(6), stage)

    assert [slot.product for slot in (*first, *second)] == shop[:5]


def test_a_fallback_is_not_asked_while_the_sources_before_it_give_plenty(shop, stage):
    fallback = Given("fallback", shop[:3])

    build_slate(block(Given("mine", shop), fallback), query(2), stage)

    assert fallback.asked == 0


def test_a_fallback_is_asked_after_all_when_the_shop_shows_nothing_of_plenty(shop, stage):
    fallback = Given("fallback", shop[50:])
    Product.objects.filter(pk__in=[one.pk for one in shop[:50]]).update(stock=0)

    slate = build_slate(block(Given("mine", shop[:50]), fallback), query(2), stage)

    assert [slot.product for slot in slate] == shop[50:52]
    assert slate.fallback == 1


@pytest.mark.parametrize(
    ("own", "size", "heading"),
    [
        (4, 4, "Test"),
        (3, 4, "Test"),
        (2, 4, "Something else"),
        (1, 4, "Something else"),
        (0, 4, "Something else"),
        (1, 1, "Test"),
    ],
)
def test_the_heading_claims_what_most_of_the_slate_is(shop, stage, own, size, heading):
    two_titles = replace(
        block(Given("mine", shop[:own]), Given("fallback", shop[own:9])),
        title_of_fallbacks="Something else",
    )

    assert build_slate(two_titles, query(size), stage).title == heading


def test_a_block_with_one_title_keeps_it_whatever_is_shown(shop, stage):
    one_title = block(Given("mine", []), Given("fallback", shop[:3]))

    assert build_slate(one_title, query(3), stage).title == "Test"


def test_a_family_proposed_twice_is_kept_in_its_best_place():
    twice = Candidates.of([7, 8, 7, 9], [4, 3, 2, 1], source="x")

    assert diversify(twice).item_id.tolist() == [7, 8, 9]
    assert len(diversify(Candidates.empty())) == 0


def test_a_block_whose_sources_know_nothing_retrieves_nothing(shop):
    assert len(retrieve(block(Given("mine", [])), query())) == 0


def test_candidates_that_left_the_catalogue_are_no_trouble(shop, stage):
    class Gone(Source):
        name = "gone"

        def retrieve(self, asked: Query) -> Candidates:
            return Candidates.of(np.array([987_654, 1]), [2.0, 1.0], source=self.name)

    assert len(build_slate(block(Gone()), query(), stage)) <= 1


def test_a_database_that_fails_inside_a_map_is_for_the_edge_to_mend(shop, stage):
    def fails(self, obj):
        raise DatabaseError("away")

    for hook in ("title", "stock"):
        with mapped(Product, **{hook: fails}), pytest.raises(DatabaseError):
            fresh = Stage(shelf=Shelf(current_snapshot(), Audience(), on_fault=unheard))
            build_slate(block(Given("mine", shop)), query(), fresh)


def test_a_fault_nobody_listens_to_is_raised(shop):
    def fails(self, obj):
        raise ValueError("odd")

    with mapped(Product, title=fails), pytest.raises(ValueError, match="odd"):
        shelf = Shelf(current_snapshot(), Audience(), on_fault=unheard)
        build_slate(block(Given("mine", shop)), query(), Stage(shelf=shelf))


def test_a_model_whose_map_is_gone_is_not_asked_for(shop, django_assert_num_queries):
    shelf = Shelf(current_snapshot(), Audience(), on_fault=unheard)
    known = item_id(shop[0])

    with mapped(Brand, title="name", price="pk", url="name"), django_assert_num_queries(0):
        shelf.fetch([known])

    assert known not in shelf


def test_blocks_are_found_by_name_and_an_unknown_name_lists_them():
    assert set(blocks()) == {
        "similar-items", "bought-together", "bought-after", "viewed-next", "viewed-then-bought",
        "for-you", "trending", "popular", "new-arrivals", "reorder",
    }  # fmt: skip
    with pytest.raises(UnknownBlock, match="reorder"):
        block_named("no-such-block")


def test_relations_that_paths_lead_through_cost_no_query_for_each_product(
    shop, django_assert_num_queries
):
    shelf = Shelf(current_snapshot(), Audience(), on_fault=unheard)
    ids = [item_id(one) for one in shop[:8]]

    with mapped(Product, title="category__path"), django_assert_num_queries(1):
        shelf.fetch(ids)
        titles = [
            item_map.value(found, "title") for item_map, found in map(shelf.__getitem__, ids)
        ]

    assert titles == [TEA] * 8


def test_many_pictures_of_many_products_cost_one_query_more(shop, django_assert_num_queries):
    shelf = Shelf(current_snapshot(), Audience(), on_fault=unheard)
    ids = [item_id(one) for one in shop[:8]]

    with mapped(Product, images="orderline_set"), django_assert_num_queries(2):
        shelf.fetch(ids)
        pictures = [
            item_map.value(found, "images") for item_map, found in map(shelf.__getitem__, ids)
        ]

    assert pictures == [[]] * 8
