"""Items linked with those of a history: planted groups, directions, texts and labels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.numeric.proposers import linked as module
from persona_django.numeric.proposers.base import Lessons
from persona_django.numeric.proposers.linked import (
    AlikeInLabels,
    AlikeInText,
    Following,
    Linked,
    Links,
    Ridge,
    Similar,
    propose_linked,
)
from tests.numeric.proposers.logs import Answers, answers, best, questions_of, steps_of, told

N_ITEMS = 6
Table = list[list[tuple[int, float]]]
link = st.tuples(st.integers(0, N_ITEMS - 1), st.integers(-2, 4).map(float))
links = st.lists(
    st.lists(link, max_size=4, unique_by=lambda one: one[0]), min_size=N_ITEMS, max_size=N_ITEMS
)
histories = st.lists(st.lists(st.integers(0, N_ITEMS - 1), max_size=5), max_size=6)


class Known(Linked):
    """Links that are given."""

    def __init__(self, table: Table, *, fade: float) -> None:
        super().__init__(fade=fade)
        self.table = table

    def learn(self, lessons: Lessons) -> Links:
        return Links(
            indptr=np.cumsum([0, *map(len, self.table)]),
            item=np.array([item for row in self.table for item, _ in row], dtype=np.int64),
            weight=np.array([weight for row in self.table for _, weight in row]),
        )


def lessons_of(rows: list[list[int]], n_items: int = N_ITEMS) -> Lessons:
    return Lessons(steps=steps_of(rows, n_items=n_items))


def by_hand(table: Table, rows: list[list[int]], fade: float) -> Answers:
    found: Answers = []
    for row in rows:
        answer: dict[int, float] = {}
        for seed in sorted(set(row)):
            strength = fade ** row[::-1].index(seed)
            for item, weight in table[seed] if strength else []:
                answer[item] = answer.get(item, 0.0) + strength * weight
        found.append(answer)
    return found


@given(table=links, rows=histories, fade=st.sampled_from([0.0, 0.5, 1.0]))
@pytest.mark.parametrize("block", [1, 5, 4_000_000])
def test_links_add_up_and_the_last_time_of_each_item_says_how_much(table, rows, fade, block):
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(module, "BLOCK_VOTES", block)
        found = answers(Known(table, fade=fade), lessons_of([]), *rows)

    assert found == by_hand(table, rows, fade)


def test_no_fade_at_all_asks_the_whole_last_moment_and_nothing_before_it():
    table: Table = [[(3, 1.0)], [(4, 1.0)], [(5, 1.0)], [], [], []]
    orders = steps_of([[0, 1], [2]], n_items=N_ITEMS, at_once=True)
    joined = type(orders)(
        **{
            **vars(orders),
            "indptr": np.array([0, 3]),
            "item": np.array([2, 0, 1]),
            "at": np.array([0, 9, 9]),
            "owner": np.array([0]),
        }
    )
    asked = module.Questions(histories=joined, now=np.array([10]))
    proposer = Known(table, fade=0)
    proposer.fit(lessons_of([]))

    assert told(proposer, asked) == [{3: 1.0, 4: 1.0}]


def test_links_of_another_catalogue_are_refused():
    alone = Links(indptr=np.array([0, 0]), item=np.empty(0, np.int64), weight=np.empty(0))

    with pytest.raises(ValueError, match="histories of 6 items and links of 1"):
        propose_linked(alone, questions_of([[0]], n_items=N_ITEMS), fade=1.0)


@pytest.mark.parametrize("fade", [-0.1, 1.1, np.nan])
@pytest.mark.parametrize("kind", [Similar, Ridge, Following, AlikeInText, AlikeInLabels])
def test_a_fade_out_of_its_range_is_refused(kind, fade):
    with pytest.raises(ValueError, match="fade must be 0 to 1"):
        kind(fade=fade)


def test_two_groups_of_items_bought_together_are_told_apart():
    drawn = np.random.default_rng(0)
    rows = [drawn.permutation(3)[:2] + 3 * (one % 2) for one in range(60)]
    lessons = lessons_of([row.tolist() for row in rows])

    for proposer in (Similar(), Ridge(), Following()):
        first, second = answers(proposer, lessons, [0], [4])
        assert set(first) == {1, 2} and set(second) == {3, 5}
        assert min(first.values()) > 0 and min(second.values()) > 0


def test_similar_keeps_as_many_neighbours_and_asks_for_as_many_shoppers_as_it_is_told():
    lessons = lessons_of([[0, 1], [0, 1], [0, 2]])

    assert answers(Similar(neighbours=1), lessons, [0])[0].keys() == {1}
    assert answers(Similar(min_support=2), lessons, [0])[0].keys() == {1}
    assert answers(Similar(), lessons, [0])[0].keys() == {1, 2}


def test_a_regression_shares_the_credit_of_two_alike_seeds_that_a_cosine_counts_twice():
    # 0 and 1 are always together, and half of the time with 2.
    lessons = lessons_of([[0, 1, 2], [0, 1], [3, 4], [3]] * 20)

    one, both = answers(Ridge(penalty=0.01), lessons, [3], [0, 1])
    doubled_one, doubled = answers(Similar(fade=1.0, prior=0), lessons, [0], [0, 1])

    assert one[4] == pytest.approx(0.5, abs=0.01)
    assert both[2] == pytest.approx(0.5, abs=0.01)
    assert doubled[2] == pytest.approx(2 * doubled_one[2])


def test_a_regression_is_asked_from_what_calls_to_what_is_called_for():
    # Whoever has 1 has 0, but few who have 0 have 1.
    lessons = lessons_of([[0, 1]] * 5 + [[0, 2]] * 20 + [[3]] * 20)

    called_by_few, called_by_many = answers(Ridge(penalty=0.1), lessons, [1], [0])

    assert called_by_few[0] > 3 * called_by_many[1]


def test_a_case_follows_a_phone_and_backwards_the_phone_stands_before_its_case():
    lessons = lessons_of([[0, 1], [0, 1], [0, 3, 1], [2, 0]])

    forwards = answers(Following(), lessons, [0], [1])
    backwards = answers(Following(backwards=True), lessons, [0], [1])

    assert best(forwards[0])[0] == 1 and forwards[1] == {}
    assert best(backwards[1])[0] == 0 and backwards[0].keys() == {2}


def test_following_reaches_as_far_as_it_is_told_and_what_is_nearer_says_more():
    lessons = lessons_of([[0, 1, 2, 3]] * 3)

    near = answers(Following(reach=2, distance_fade=0.5), lessons, [0])[0]

    assert near.keys() == {1, 2}
    assert near[1] == pytest.approx(2 * near[2])
    assert answers(Following(reach=3, neighbours=1), lessons, [0])[0].keys() == {1}


TITLES = ["red tea", "green tea", "tea cup", "blue sofa", "grey sofa", ""]
BRANDS = ["acme", "other", "other", "acme", "other", "none"]


def test_items_whose_texts_are_alike_call_for_each_other_before_anybody_came():
    unseen = Lessons(steps=steps_of([], n_items=N_ITEMS), texts={"title": TITLES})

    tea, sofa, nothing = answers(AlikeInText(), unseen, [0], [3], [5])

    assert tea.keys() == {1, 2} and sofa.keys() == {4} and nothing == {}


def test_fields_of_text_count_as_they_are_weighed():
    unseen = Lessons(steps=steps_of([], n_items=N_ITEMS), texts={"title": TITLES, "brand": BRANDS})

    assert answers(AlikeInText(weights={"brand": 1}), unseen, [0])[0].keys() == {3}
    assert answers(AlikeInText(weights={"title": 1}), unseen, [0])[0].keys() == {1, 2}
    assert answers(AlikeInText(), unseen, [0])[0].keys() == {1, 2, 3}
    assert len(answers(AlikeInText(neighbours=1), unseen, [3])[0]) == 1


def test_items_that_share_rarer_labels_come_first_and_a_brand_is_no_category():
    labels = {
        "category": [["tea"], ["tea"], ["tea"], ["tea"], ["cup"], ["red"]],
        "colour": [["red"], ["red"], ["blue"], ["blue"], ["tea"], []],
    }
    unseen = Lessons(steps=steps_of([], n_items=N_ITEMS), labels=labels)

    of_the_first, of_another_kind = answers(AlikeInLabels(), unseen, [0], [4])

    assert best(of_the_first) == [1, 2, 3]
    assert of_the_first[1] > of_the_first[2] == of_the_first[3]
    assert of_another_kind == {}
    assert answers(AlikeInLabels(neighbours=1), unseen, [0])[0].keys() == {1}


@pytest.mark.parametrize("kind", [AlikeInText, AlikeInLabels])
def test_what_more_than_half_of_the_items_have_in_common_makes_none_alike(kind):
    said = ["shop tea"] * 2 + ["shop"] * 28
    shop = Lessons(
        steps=steps_of([], n_items=30),
        texts={"title": said},
        labels={"category": [one.split() for one in said]},
    )

    of_tea, of_another = answers(kind(), shop, [0], [5])

    assert of_tea.keys() == {1}
    assert of_another == {}


@pytest.mark.parametrize("kind", [AlikeInText, AlikeInLabels])
def test_where_nothing_is_said_of_any_item_none_is_like_another(kind):
    silent = Lessons(
        steps=steps_of([[0, 1]], n_items=2), texts={"title": ["", " "]}, labels={"brand": [[], []]}
    )

    assert answers(kind(), silent, [0, 1]) == [{}]
    assert answers(kind(), lessons_of([[0, 1]]), [0, 1]) == [{}]
