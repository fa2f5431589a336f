"""How good the lists of one method were, beside plain reckonings of the same."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.evaluation.judging import by_case, descriptions, of_the_catalogue, summary
from persona_django.numeric.proposers.base import Lessons, Questions
from persona_django.numeric.steps import Steps
from persona_django.ranking.exam import Exam

N_ITEMS = 8
K = (1, 3, 5)
item_sets = st.sets(st.integers(0, N_ITEMS - 1), max_size=5).map(sorted)
shown_lists = st.permutations(range(N_ITEMS)).map(lambda items: list(items[:5]))
case = st.tuples(item_sets, item_sets.filter(bool), shown_lists, st.integers(0, 5))
cases = st.lists(case, min_size=1, max_size=6)


def steps_of(rows) -> Steps:
    sizes = [len(row) for row in rows]
    return Steps(
        indptr=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        item=np.array([item for row in rows for item in row], dtype=np.int64),
        at=np.concatenate([np.arange(size) for size in sizes] or [np.empty(0)]).astype(np.int64),
        owner=np.arange(len(rows)),
        n_items=N_ITEMS,
        n_owners=len(rows),
    )


def exam_of(histories, answers, *, masked=False, lessons=(), **described) -> Exam:
    return Exam(
        lessons=Lessons(steps=steps_of(lessons or [[0]]), **described),
        questions=Questions(histories=steps_of(histories), now=np.zeros(len(answers), np.int64)),
        answer_indptr=np.concatenate([[0], np.cumsum([len(one) for one in answers])]),
        answer=np.array([item for one in answers for item in one], dtype=np.int64),
        masked=masked,
    )


def drawn(cases) -> tuple[Exam, np.ndarray]:
    shown = [[*items[:filled], *[-1] * (5 - filled)] for _, _, items, filled in cases]
    exam = exam_of([one[0] for one in cases], [one[1] for one in cases])
    return exam, np.array(shown)


def gain(places) -> float:
    return sum(1 / math.log2(place + 1) for place in places)


@given(cases)
def test_every_metric_of_a_case_is_what_it_is_by_hand(cases):
    exam, shown = drawn(cases)

    judged = by_case(shown, exam, k=K, ideal="k")
    whole = by_case(shown, exam, k=K, ideal="all")

    for number, (_, wanted, items, filled) in enumerate(cases):
        for k in K:
            places = [p for p, item in enumerate(items[:filled][:k], 1) if item in wanted]
            found = {
                name.partition("@")[0]: values[number]
                for name, values in judged.items()
                if name.endswith(f"@{k}")
            }
            assert found["hr"] == bool(places)
            assert found["recall"] == pytest.approx(len(places) / len(wanted))
            assert found["mrr"] == pytest.approx(1 / places[0] if places else 0)
            assert found["ndcg"] == pytest.approx(
                gain(places) / gain(range(1, min(len(wanted), k) + 1))
            )
            assert whole[f"ndcg@{k}"][number] == pytest.approx(
                gain(places) / gain(range(1, len(wanted) + 1))
            )
            if any(len(one[1]) > 1 for one in cases):
                assert found["phr"] == found["hr"]
                assert found["precision"] == pytest.approx(len(places) / k)
                precise = sum(at / place for at, place in enumerate(places, 1))
                assert found["map"] == pytest.approx(precise / min(len(wanted), k))


@given(cases)
def test_recall_is_told_apart_for_what_was_there_before_and_what_is_new(cases):
    exam, shown = drawn(cases)

    judged = by_case(shown, exam, k=K, ideal="k")

    for number, (history, wanted, items, filled) in enumerate(cases):
        for k in K:
            top = set(items[:filled][:k])
            for name, of in (
                ("recall_repeated", set(wanted) & set(history)),
                ("recall_new", set(wanted) - set(history)),
            ):
                share = len(of & top) / len(of) if of else math.nan
                assert judged[f"{name}@{k}"][number] == pytest.approx(share, nan_ok=True)


def test_one_answer_a_case_has_no_metrics_of_baskets_and_no_repeats_where_none_may_be():
    exam = exam_of([[0], [1]], [[2], [3]], masked=True)

    judged = by_case(np.array([[2, 1], [0, 3]]), exam, k=[1, 2], ideal="k")

    assert {name.partition("@")[0] for name in judged} == {"hr", "recall", "ndcg", "mrr"}
    assert judged["hr@1"].tolist() == [1, 0]


def test_the_catalogue_is_judged_by_what_all_lists_show():
    exam = exam_of([[0], [0]], [[1], [2]], lessons=[[0, 1], [0], [0], [0, 2]])

    found = of_the_catalogue(np.array([[0, 1], [0, -1]]), exam, k=[2])

    assert found["coverage@2"] == pytest.approx(2 / N_ITEMS)
    # Item 0 is known to all four rows: no surprise. Item 1 to one of four: two bits.
    assert found["novelty@2"] == pytest.approx(((0 + 2) / 2 + 0) / 2)
    assert 0 < found["gini@2"] < 1
    assert "diversity@2" not in found


def test_lists_are_varied_where_labels_differ():
    labels = {"category": [("tea",)] * 4 + [("cup",)] * 4}
    exam = exam_of([[0], [0]], [[1], [2]], labels=labels)

    found = of_the_catalogue(
        np.array([[0, 1, 4], [4, 5, -1]]), exam, k=[1, 2, 3], described=descriptions(exam.lessons)
    )

    assert math.isnan(found["diversity@1"])
    assert found["diversity@2"] == pytest.approx(0)
    assert found["diversity@3"] == pytest.approx((2 / 3 + 0) / 2)


def test_the_same_word_of_two_fields_is_no_likeness():
    labels = {"brand": [("red",)] + [()] * 7, "baseColour": [()] + [("red",)] * 7}

    vectors = descriptions(exam_of([[0]], [[1]], labels=labels).lessons).toarray()

    assert vectors[0] @ vectors[1] == 0
    assert vectors[1] @ vectors[2] == pytest.approx(1)


def test_texts_describe_items_that_have_no_labels_and_nothing_describes_none():
    texts = {"title": ["red tea", "red cup", "red tea", *[""] * 5]}

    told = descriptions(exam_of([[0]], [[1]], texts=texts).lessons).toarray()

    assert told[0] @ told[2] > told[0] @ told[1] > told[0] @ told[3] == 0
    assert descriptions(exam_of([[0]], [[1]]).lessons) is None
    assert descriptions(exam_of([[0]], [[1]], labels={"brand": [()] * 8}).lessons) is None


def test_what_no_case_could_be_judged_by_is_no_zero():
    values, intervals = summary(
        {"hr@5": np.array([1.0, 0.0]), "recall_new@5": np.array([np.nan, np.nan])}
    )

    assert values["hr@5"] == 0.5
    assert math.isnan(values["recall_new@5"])
    assert list(intervals) == ["hr@5"]


def test_an_interval_holds_its_mean_and_narrows_with_more_cases():
    few, many = np.tile([1.0, 0.0], 10), np.tile([1.0, 0.0], 1_000)

    values, intervals = summary({"few": few, "many": many})

    (low, high), (lower, higher) = intervals["few"], intervals["many"]
    assert low < lower < values["few"] == values["many"] < higher < high


def test_nineteen_of_twenty_intervals_hold_the_truth_where_cases_of_a_visit_are_alike():
    rng = np.random.default_rng(4)
    visit = np.repeat(np.arange(200), 20)

    held = []
    for _ in range(100):
        # Of some visits nearly every case is found, of others nearly none.
        hit = rng.random(len(visit)) < rng.choice([0.1, 0.9], 200, p=[0.75, 0.25])[visit]
        low, high = summary({"hr@5": hit.astype(float)}, visit)[1]["hr@5"]
        held.append(low <= 0.75 * 0.1 + 0.25 * 0.9 <= high)

    assert 90 <= sum(held) <= 99


def test_groups_of_any_size_weigh_what_they_hold_and_cases_that_are_not_judged_nothing():
    visit = np.repeat(np.arange(300), np.arange(300) % 7 + 1)
    value = (visit % 3 == 0).astype(float)
    unjudged = np.where(visit % 2 == 0, np.nan, value)

    values, intervals = summary({"all": value, "odd": unjudged}, visit)

    for name, (low, high) in intervals.items():
        assert low < values[name] < high < low + 0.25
    assert intervals["odd"][1] - intervals["odd"][0] > intervals["all"][1] - intervals["all"][0]


def test_where_every_case_stands_alone_groups_change_nothing():
    value = np.random.default_rng(2).integers(0, 2, 50).astype(float)

    assert summary({"hr@5": value}, np.arange(50)) == summary({"hr@5": value})
