"""From a history to an ordered list, with a ranker that learnt which source is right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from persona_django.numeric.proposals import Proposals
from persona_django.numeric.proposers.base import Lessons, Proposer, Questions
from persona_django.numeric.proposers.linked import Similar
from persona_django.numeric.proposers.own import Repeats
from persona_django.numeric.proposers.popular import Popular
from persona_django.ranking import examples
from persona_django.ranking import pipeline as module
from persona_django.ranking.exam import Exam
from persona_django.ranking.features import columns_of
from persona_django.ranking.pipeline import WEIGHTED, Added, Pipeline, Way, unmasked
from persona_django.ranking.weighted import Weighted
from tests.numeric.proposers.logs import questions_of, steps_of

pytestmark = pytest.mark.usefixtures("one_thread")

N_ITEMS = 40
NOTHING = Lessons(steps=steps_of([], n_items=N_ITEMS))
LAST_ITEMS = np.arange(400) * 7 % N_ITEMS


class Guesses(Proposer):
    """Five items, of which the one that lies `step` after the history's last scores best."""

    def __init__(self, step: int) -> None:
        self.step = step

    def fit(self, lessons: Lessons) -> None:
        self.lessons = lessons

    def propose(self, questions: Questions) -> Proposals:
        histories = questions.histories
        asked = np.flatnonzero(np.diff(histories.indptr))
        last = histories.item[histories.indptr[1:][asked] - 1]
        item = (last[:, None] + self.step * np.arange(1, 6)) % N_ITEMS
        order = np.argsort(item, axis=1)
        score = np.tile(np.arange(5.0, 0, -1), (len(asked), 1))
        return Proposals(
            case=np.repeat(asked, 5),
            item=np.take_along_axis(item, order, axis=1).ravel(),
            score=np.take_along_axis(score, order, axis=1).ravel(),
        )


def ways() -> dict[str, Way]:
    """One source proposes what lies 1 to 5 further on, another what lies 7 to 35 further on."""
    return {"right": Way(proposer=Guesses(1)), "wrong": Way(proposer=Guesses(7))}


def exam_of(histories: list[list[int]], answers: list[list[int]], *, masked: bool = False) -> Exam:
    return Exam(
        lessons=NOTHING,
        questions=questions_of(histories, n_items=N_ITEMS),
        answer_indptr=np.cumsum([0, *map(len, answers)]),
        answer=np.array([item for some in answers for item in some], dtype=np.int64),
        masked=masked,
    )


def answered(step: int, cases: int = 400) -> Exam:
    """What was wanted is always `step` after the last."""
    last = LAST_ITEMS[:cases]
    return exam_of([[int(one)] for one in last], [[int(one + step) % N_ITEMS] for one in last])


def learnt(exam: Exam, *, seed: int = 0, sources: dict[str, Way] | None = None) -> Pipeline:
    pipeline = Pipeline(ways() if sources is None else sources, seed=seed)
    pipeline.fit(NOTHING, exam)
    return pipeline


def test_the_ranker_learns_which_source_is_right():
    asked = questions_of([[3], [20]], n_items=N_ITEMS)

    by_one = learnt(answered(1)).lists(asked, masked=False, k=3)
    by_seven = learnt(answered(7)).lists(asked, masked=False, k=3)

    assert by_one[:, 0].tolist() == [4, 21]
    assert by_seven[:, 0].tolist() == [10, 27]


def test_a_case_is_answered_the_same_whatever_stands_beside_it_and_however_it_is_cut(monkeypatch):
    pipeline = learnt(answered(1), sources={**ways(), "popular": Way(proposer=Popular())})
    histories = [[3], [], [5, 3], [20, 3, 20], [39]]

    together = pipeline.lists(questions_of(histories, n_items=N_ITEMS), masked=False, k=7)
    alone = [
        pipeline.lists(questions_of([one], n_items=N_ITEMS), masked=False, k=7)[0].tolist()
        for one in histories
    ]
    monkeypatch.setattr(module, "BLOCK_CASES", 2)
    cut = pipeline.lists(questions_of(histories, n_items=N_ITEMS), masked=False, k=7)

    assert together.tolist() == alone == cut.tolist()


def test_what_it_learns_does_not_hang_on_how_cases_are_cut(monkeypatch):
    exam = answered(7, cases=120)
    whole = learnt(exam)
    monkeypatch.setattr(module, "BLOCK_CASES", 11)
    cut = learnt(exam)
    asked = questions_of([[one] for one in range(N_ITEMS)], n_items=N_ITEMS)

    assert cut.worth == whole.worth
    assert (
        cut.lists(asked, masked=False, k=9).tolist()
        == whole.lists(asked, masked=False, k=9).tolist()
    )


def test_the_same_seed_learns_the_same(monkeypatch):
    monkeypatch.setattr(module, "MOST_EXAMPLES", 80)
    monkeypatch.setattr(examples, "DRAWN", 3)
    drawn = np.random.default_rng(5).integers(1, 6, 400)
    last = LAST_ITEMS.tolist()
    answers = [[int(one + step) % N_ITEMS] for one, step in zip(last, drawn, strict=True)]
    exam = exam_of([[one] for one in last], answers)

    first, again, other = (learnt(exam, seed=seed) for seed in (1, 1, 2))

    assert first.worth == again.worth
    assert first.worth != other.worth


def test_what_stands_in_a_history_never_appears_where_it_is_masked():
    histories = [[3], [4, 3], [5, 6, 3], []]
    asked = questions_of(histories, n_items=N_ITEMS)
    sources = {**ways(), "repeats": Way(proposer=Repeats())}
    pipeline = learnt(answered(1), sources=sources)

    masked = pipeline.lists(asked, masked=True, k=20)
    unhidden = pipeline.lists(asked, masked=False, k=20)

    for seen, shown, shown_before in zip(
        histories, masked.tolist(), unhidden.tolist(), strict=True
    ):
        assert not set(seen) & set(shown)
        assert set(seen) <= set(shown_before)
        assert set(shown) - {-1} == set(shown_before) - {-1} - set(seen)


def test_a_masked_rehearsal_teaches_nothing_of_what_is_hidden():
    histories = [[int(one), int(one + 1) % N_ITEMS, int(one)] for one in LAST_ITEMS]
    exam = exam_of(histories, [[row[1]] for row in histories], masked=True)

    pipeline = learnt(exam)

    assert pipeline.chosen == "weighted"


def test_the_pool_takes_so_many_of_each_source_and_a_silent_one_adds_none():
    sources = {
        "right": Way(proposer=Guesses(1), limit=2),
        "wrong": Way(proposer=Guesses(7), limit=0),
    }
    pipeline = learnt(answered(1), sources=sources)

    shown = pipeline.lists(questions_of([[0]], n_items=N_ITEMS), masked=False, k=5)

    assert sorted(shown[0].tolist()) == [-1, -1, -1, 1, 2]


@pytest.mark.parametrize("cases", [0, 1, 49])
def test_with_too_few_answered_cases_the_sources_are_added_up(cases):
    pipeline = learnt(answered(1, cases=cases))

    shown = pipeline.lists(questions_of([[0]], n_items=N_ITEMS), masked=False, k=4)

    assert (pipeline.chosen, pipeline.worth) == ("weighted", {})
    # The best of both comes first, then the second of both; equals stand by item code.
    assert shown.tolist() == [[1, 7, 2, 14]]


def test_cases_whose_answer_no_source_found_do_not_count_as_answered():
    last = LAST_ITEMS.tolist()
    unknown = [[int(one + 6) % N_ITEMS] for one in last[:351]]
    exam = exam_of(
        [[one] for one in last], unknown + [[(one + 1) % N_ITEMS] for one in last[351:]]
    )

    assert learnt(exam).chosen == "weighted"
    # Of what two sources say as surely, the lower number stands first: here the wrong one.
    assert learnt(answered(7, cases=50)).chosen != "weighted"


def test_where_every_candidate_was_wanted_there_is_nothing_to_tell_apart():
    sources = {"right": Way(proposer=Guesses(1), limit=1)}

    assert learnt(answered(1, cases=60), sources=sources).chosen == "weighted"


def test_answers_that_are_all_found_early_among_the_cases_are_still_judged():
    last = [int(one) for one in np.arange(400) % N_ITEMS]
    answers = [[(one + (1 if n < 80 else 6)) % N_ITEMS] for n, one in enumerate(last)]

    pipeline = learnt(exam_of([[one] for one in last], answers))

    assert max(pipeline.worth.values()) > 0.9


class Fixed:
    """Scores by one column, up or down, and remembers what it was asked."""

    def __init__(self, column: int, sign: float) -> None:
        self.column, self.sign = column, sign
        self.asked: list[np.ndarray] = []

    def score(self, matrix: np.ndarray) -> np.ndarray:
        self.asked.append(matrix)
        return self.sign * matrix[:, self.column].astype(np.float64)


@pytest.mark.parametrize("better", ["linear", "trees"])
def test_the_better_ranker_is_chosen_on_cases_that_none_was_fitted_on(monkeypatch, better):
    taught: list[tuple[str, int]] = []

    def fitting(name: str) -> Callable[..., Fixed]:
        def fit(matrix: np.ndarray, label: np.ndarray, **options: int) -> Fixed:
            taught.append((name, int(label.sum())))
            return Fixed(1, 1.0 if name == better else -1.0)

        return fit

    monkeypatch.setattr(module, "fit_linear", fitting("linear"))
    monkeypatch.setattr(module, "fit_trees", fitting("trees"))

    pipeline = learnt(answered(1))

    assert pipeline.chosen == better
    assert pipeline.worth[better] == 1.0 > min(pipeline.worth.values())
    # Each case has one answer: a fifth of the cases is kept from both, and then all are taught.
    assert taught == [("linear", 320), ("trees", 320), (better, 400)]


def gives(monkeypatch, worth: Callable[[object], np.ndarray]) -> None:
    """What each judged case is said to get from a ranker."""
    monkeypatch.setattr(module, "worth_of_cases", lambda scorer, some: worth(scorer))


def test_a_ranker_that_does_as_well_as_the_sum_of_what_sources_say_is_none(monkeypatch):
    gives(monkeypatch, lambda scorer: np.full(80, 0.5))

    assert learnt(answered(1)).chosen == WEIGHTED


@pytest.mark.parametrize(("won", "chosen"), [(41, WEIGHTED), (50, "linear")])
def test_chance_is_no_reason_for_a_ranker(monkeypatch, won, chosen):
    """Of 80 cases, some won and all others lost: of nine more chance brings about the odd one."""
    outcome = np.arange(80) < won
    gives(monkeypatch, lambda s: np.full(80, 0.5) if isinstance(s, Weighted) else outcome * 1.0)

    assert learnt(answered(1)).chosen == chosen


def test_twenty_cases_of_one_visit_are_one_reason(monkeypatch):
    outcome = np.arange(80) < 50
    gives(monkeypatch, lambda s: np.full(80, 0.5) if isinstance(s, Weighted) else outcome * 1.0)
    visits = replace(answered(1), group=np.arange(400) // 20)

    assert learnt(visits).chosen == WEIGHTED


def test_where_both_together_are_best_both_learn_all_and_are_added_up(monkeypatch):
    fits: list[Fixed] = []

    def fit(matrix: np.ndarray, label: np.ndarray, **options: int) -> Fixed:
        fits.append(Fixed(len(fits) % 2, 1.0))
        return fits[-1]

    monkeypatch.setattr(module, "fit_linear", fit)
    monkeypatch.setattr(module, "fit_trees", fit)
    gives(monkeypatch, lambda scorer: np.full(80, float(isinstance(scorer, Added))))

    pipeline = learnt(answered(1))

    assert pipeline.chosen == "linear and trees"
    assert isinstance(pipeline.scorer, Added)
    assert pipeline.scorer.parts == (fits[2], fits[3]), "learnt afresh from all cases"
    matrix = np.array([[1, 2, 9], [3, 4, 9]], np.float32)
    assert pipeline.scorer.score(matrix).tolist() == [3, 7]


def test_none_is_judged_by_another_case_of_a_visit_that_it_was_fitted_on(monkeypatch):
    # Each visit is rehearsed four times; how long it is says which it is.
    visits = [[0] * (length // 4 + 1) for length in range(240)]
    moments = columns_of(list(ways())).index("moments")
    fits: list[tuple[set[float], Fixed]] = []

    def fit(matrix: np.ndarray, label: np.ndarray, **options: int) -> Fixed:
        fits.append((set(matrix[:, moments].tolist()), Fixed(1, 1.0)))
        return fits[-1][1]

    monkeypatch.setattr(module, "fit_linear", fit)
    monkeypatch.setattr(module, "fit_trees", fit)

    learnt(exam_of(visits, [[1]] * 240))

    for taught, fitted in fits[:2]:
        judged = set(fitted.asked[0][:, moments].tolist())
        assert len(taught) == 48 and len(judged) == 12
        assert not taught & judged


class Counts(Proposer):
    """Tells how many rows it learnt from as the score of item 0."""

    def fit(self, lessons: Lessons) -> None:
        self.rows = len(lessons.steps)
        self.seen = getattr(self, "seen", [])

    def propose(self, questions: Questions) -> Proposals:
        self.seen.append(self.rows)
        n = len(questions)
        return Proposals(
            case=np.arange(n), item=np.zeros(n, np.int64), score=np.full(n, float(self.rows))
        )


def test_sources_rehearse_with_what_the_rehearsal_knew_and_answer_with_all():
    counts = Counts()
    pipeline = Pipeline({"counts": Way(proposer=counts)})
    all_of_it = Lessons(steps=steps_of([[0, 1]] * 5, n_items=N_ITEMS))

    pipeline.fit(all_of_it, answered(1))
    pipeline.lists(questions_of([[0]], n_items=N_ITEMS), masked=False, k=1)

    assert counts.seen == [0, 5]


def test_no_case_and_no_candidate_are_empty_lists():
    pipeline = learnt(answered(1))

    nobody = pipeline.lists(questions_of([], n_items=N_ITEMS), masked=False, k=3)
    nothing = pipeline.lists(questions_of([[], []], n_items=N_ITEMS), masked=True, k=3)

    assert nobody.shape == (0, 3)
    assert nothing.tolist() == [[-1] * 3] * 2


def test_what_is_proposed_loses_what_stands_in_the_history_of_its_own_case():
    part = Proposals(
        case=np.array([0, 0, 1]), item=np.array([3, 4, 3]), score=np.array([1.0, 2.0, 3.0])
    )

    left = unmasked(part, questions_of([[3, 3], [4]], n_items=N_ITEMS))

    assert (left.case.tolist(), left.item.tolist()) == ([0, 1], [4, 3])
    assert left.score.tolist() == [2.0, 3.0]


def test_real_sources_learn_a_habit_from_a_log():
    # Whoever takes an even item goes on to the next one; half of all go on to item 0 as well.
    drawn = np.random.default_rng(3)
    evens = drawn.integers(1, N_ITEMS // 2, 600) * 2
    rows = [[int(one), int(one) + 1] + [0] * int(drawn.random() < 0.5) for one in evens]
    half = Lessons(steps=steps_of(rows[:300], n_items=N_ITEMS))
    exam = Exam(
        lessons=half,
        questions=questions_of([row[:1] for row in rows[300:]], n_items=N_ITEMS),
        answer_indptr=np.arange(301),
        answer=np.array([row[1] for row in rows[300:]]),
        masked=True,
    )
    pipeline = Pipeline({"similar": Way(proposer=Similar()), "popular": Way(proposer=Popular())})

    pipeline.fit(Lessons(steps=steps_of(rows, n_items=N_ITEMS)), exam)
    shown = pipeline.lists(questions_of([[2], [30]], n_items=N_ITEMS), masked=True, k=2)

    assert shown[:, 0].tolist() == [3, 31]
