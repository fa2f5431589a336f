"""The items of a file, and the order in which equal scores stand."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from persona_django.evaluation.catalogue import catalogue_of
from tests.evaluation.logs import written

NAMES = [f"item{number:02}" for number in range(40)]


@given(st.permutations(NAMES))
def test_the_order_of_a_file_says_nothing_about_an_item(names):
    assert catalogue_of(names, None).code == catalogue_of(NAMES, None).code


def test_codes_are_drawn_so_that_equal_scores_stand_neither_by_name_nor_by_number():
    codes = catalogue_of(NAMES, None).codes(NAMES).tolist()

    assert sorted(codes) == list(range(len(NAMES)))
    assert abs(_agreement(codes)) < 0.3


def test_items_of_the_list_are_ranked_with_those_of_the_log(tmp_path):
    items = written(tmp_path, "item_id,title", [("tea", "Red tea"), ("pot", "Pot")])

    catalogue = catalogue_of(["tea", "cup"], items)

    assert set(catalogue.code) == {"tea", "cup", "pot"}
    assert catalogue.texts["title"][catalogue.code["tea"]] == "Red tea"
    assert catalogue.texts["title"][catalogue.code["cup"]] == ""


def test_labels_are_parted_where_the_data_sets_part_them(tmp_path):
    lines = [("tea", "drinks > hot | gifts", "3 14"), ("cup", "", "")]
    items = written(tmp_path, "item_id,category,attribute_ids", lines)

    catalogue = catalogue_of([], items)

    tea, cup = catalogue.codes(["tea", "cup"])
    assert catalogue.labels["category"][tea] == ("drinks > hot", "gifts")
    assert catalogue.labels["attribute_ids"][tea] == ("3", "14")
    assert catalogue.labels["category"][cup] == ()


def test_without_a_list_nothing_is_said_about_items():
    catalogue = catalogue_of(random.Random(1).sample(NAMES, 5), None)

    assert (len(catalogue), catalogue.texts, catalogue.labels) == (5, {}, {})


def _agreement(codes: list[int]) -> float:
    """1 where the codes rise with the names, -1 where they fall, near 0 by lot."""
    pairs = [(a, b) for place, a in enumerate(codes) for b in codes[place + 1 :]]
    return sum(1 if a < b else -1 for a, b in pairs) / len(pairs)
