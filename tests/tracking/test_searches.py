"""What was searched for is counted under no name, and words are kept of a crowd only."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from persona_django import counters
from persona_django.identity.models import Standing
from persona_django.tracking import searches
from persona_django.tracking.models import Intent, SearchTerm
from persona_django.tracking.schema import Kind
from tests.deriving.doings import DAY, HOUR, ago, did, now, searched, visitor
from tests.second_writer import beside_a_second_writer

pytestmark = pytest.mark.django_db


def count(**options: int) -> int:
    return searches.count_over(1, now=now(), **options)


def term(words: str) -> SearchTerm:
    return SearchTerm.objects.get(term=searches.term_of(words))


def crowd(n: int, words: str = "tea", *, first: int = 1) -> None:
    for key in range(first, first + n):
        visitor(key)
        searched(key, words, at=ago(2 * HOUR))


def test_below_the_crowd_nothing_is_kept_of_the_words_but_a_number():
    crowd(4)

    count()

    row = SearchTerm.objects.get()
    assert (row.words, row.visitors, row.asked) == ("", 4, 4)
    assert len(bytes(row.marks)) == 8
    assert set(Intent.objects.values_list("words", flat=True)) == {""}


def test_with_a_crowd_the_words_are_kept_and_nobody_is_marked_any_more():
    crowd(5)

    count()

    assert (term("tea").words, bytes(term("tea").marks)) == ("tea", b"")
    crowd(1, first=50)
    count()
    assert (term("tea").asked, term("tea").visitors) == (6, 5)


def test_what_is_erased_while_searches_are_looked_at_is_not_counted_and_holds_up_no_other(
    monkeypatch,
):
    crowd(5)
    people = searches._people

    def erased_meanwhile(shoppers: set[int]) -> dict[int, int]:
        Intent.objects.filter(shopper=1).delete()
        return people(shoppers)

    monkeypatch.setattr(searches, "_people", erased_meanwhile)

    assert count() == 4

    assert (term("tea").asked, term("tea").visitors) == (4, 4)


def test_searches_are_counted_on_sqlite_while_others_write(tmp_path):
    with beside_a_second_writer(tmp_path):
        crowd(2)

        assert count() == 2

        assert term("tea").asked == 2


def test_one_visitor_is_no_crowd_however_often_they_ask():
    visitor(1)
    for hours in range(2, 40, 2):
        searched(1, "my secret", at=ago(hours * HOUR))

    count()

    row = SearchTerm.objects.get()
    assert (row.words, row.visitors, row.asked) == ("", 1, 19)


def test_a_program_that_searches_for_one_thing_after_another_fills_no_table():
    visitor(1)
    for number in range(350):
        searched(1, f"word {number}", at=ago(5 * HOUR) + number)
    visitor(2)
    searched(2, "tea", at=ago(2 * HOUR))

    count()

    assert SearchTerm.objects.count() == searches.MOST_A_DAY + 1
    assert term("tea").asked == 1
    assert counters.counts()["search_over_limit"] == 350 - searches.MOST_A_DAY
    assert not Intent.objects.exclude(words="").exists()


def test_on_another_day_the_searches_of_the_same_visitor_count_again():
    visitor(1)
    for number in range(searches.MOST_A_DAY + 5):
        searched(1, f"word {number}", at=ago(3 * DAY) + number)
    searched(1, "tea", at=ago(DAY))

    count()

    assert term("tea").asked == 1


def test_asked_for_twice_in_a_visit_counts_once():
    visitor(1)
    searched(1, "tea", at=ago(2 * HOUR), results=0)
    searched(1, "tea", at=ago(2 * HOUR - 60))

    count()

    assert (term("tea").asked, term("tea").without_results) == (1, 1)


def test_a_search_after_which_nothing_was_opened_led_nowhere():
    visitor(1)
    visitor(2)
    searched(1, "tee", at=ago(2 * HOUR))
    searched(1, "tea", at=ago(2 * HOUR - 60))
    did(1, Kind.VIEW, 5, at=ago(2 * HOUR - 90))
    searched(2, "tea", at=ago(2 * HOUR))
    did(2, Kind.VIEW, 5, at=ago(HOUR))

    count()

    assert (term("tee").asked, term("tee").dead) == (1, 1)
    # Of the second visitor the view belongs to another visit.
    assert (term("tea").asked, term("tea").dead) == (2, 1)


def test_a_search_that_was_narrowed_down_led_to_what_was_opened_then():
    """Filters, sorting and further pages of the results are part of it; so is the sign-in."""
    visitor(1, account=9)
    visitor(2, account=9)
    searched(1, "tea", at=ago(2 * HOUR))
    for after, kind in ((10, Intent.Kind.FILTER), (20, Intent.Kind.SORT)):
        at = ago(2 * HOUR - after)
        Intent.objects.create(shopper=1, uid=after, kind=kind, at=at, name="colour", words="red")
    searched(1, "tea", at=ago(2 * HOUR - 30))
    did(2, Kind.VIEW, 5, at=ago(2 * HOUR - 60))
    searched(2, "mug", at=ago(2 * HOUR - 90))

    count()

    assert (term("tea").asked, term("tea").dead, term("tea").visitors) == (1, 0, 1)
    assert (term("mug").asked, term("mug").dead) == (1, 1)


def test_what_somebody_else_opened_is_nothing_that_came_of_a_search():
    for key, account in ((1, 9), (2, None), (3, 8)):
        visitor(key, account=account)
    searched(1, "tea", at=ago(2 * HOUR))
    did(2, Kind.VIEW, 5, at=ago(2 * HOUR - 60))
    did(3, Kind.VIEW, 5, at=ago(2 * HOUR - 60))

    count()

    assert (term("tea").asked, term("tea").dead) == (1, 1)


def test_what_was_opened_where_the_consent_was_taken_back_came_of_no_search():
    visitor(1, account=9)
    visitor(2, account=9, purposes="")
    searched(1, "tea", at=ago(2 * HOUR))
    did(2, Kind.VIEW, 5, at=ago(2 * HOUR - 60))

    count()

    assert (term("tea").asked, term("tea").dead) == (1, 1)


def test_a_visit_that_goes_on_keeps_its_words():
    visitor(1)
    searched(1, "tea", at=ago(HOUR))
    did(1, Kind.VIEW, 5, at=ago(HOUR - 1_500))
    did(1, Kind.VIEW, 6, at=ago(HOUR - 3_000))

    count()

    assert Intent.objects.get().words == "tea"
    assert not SearchTerm.objects.exists()


def test_filters_and_sorting_stay_as_they_are():
    Intent.objects.create(shopper=1, uid=1, kind=Intent.Kind.FILTER, at=ago(DAY), words="red")

    count()

    assert Intent.objects.get().words == "red"


@pytest.mark.parametrize(
    "fields",
    [{"standing": Standing.ROBOT}, {"standing": Standing.NEW}, {"purposes": ""}, {"rank": 999}],
)
def test_words_of_who_does_not_count_are_forgotten_uncounted(fields):
    for key in range(1, 9):
        visitor(key, **fields)
        searched(key, "cheap pills", at=ago(2 * HOUR))

    count()

    assert not SearchTerm.objects.exists()
    assert set(Intent.objects.values_list("words", flat=True)) == {""}


def test_counting_again_counts_nothing_twice():
    crowd(3)

    assert (count(), count(), count()) == (3, 0, 0)
    assert SearchTerm.objects.get().asked == 3


def test_what_fails_half_way_is_neither_forgotten_nor_counted(monkeypatch):
    crowd(3)
    monkeypatch.setattr(searches, "_add", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        count()
    monkeypatch.undo()

    assert set(Intent.objects.values_list("words", flat=True)) == {"tea"}
    assert count() == 3


def test_many_searches_are_counted_a_few_at_a_time(monkeypatch):
    monkeypatch.setattr(searches, "SEARCHES_AT_A_TIME", 2)
    crowd(7)

    assert count() == 7
    assert term("tea").asked == 7


def test_only_as_far_back_as_asked():
    visitor(1)
    searched(1, "tea", at=ago(5 * DAY))

    assert count(since=ago(2 * DAY)) == 0
    assert count() == 1


def test_a_shop_that_asks_for_larger_crowds_forgets_the_words_of_smaller_ones(settings):
    crowd(5)
    count()
    settings.PERSONA = {**settings.PERSONA, "MIN_ASKERS": 8}

    searches.forget_small()

    assert (term("tea").words, term("tea").visitors) == ("", 0)


class Crowds(TestCase):
    """Threat 31: any term with fewer than so many visitors behind it says nothing."""

    @given(
        st.lists(
            st.tuples(
                st.integers(1, 9), st.sampled_from(["tea", "mug", "pot"]), st.integers(2, 30)
            ),
            max_size=40,
        )
    )
    def test_words_are_kept_only_where_a_crowd_of_distinct_visitors_asked(self, asked):
        for key in range(1, 10):
            visitor(key)
        askers: dict[str, set[int]] = {}
        for key, words, hours in asked:
            searched(key, words, at=ago(hours * HOUR))
            askers.setdefault(words, set()).add(key)
            if hours % 3 == 0:
                count()
        count()

        for row in SearchTerm.objects.exclude(words=""):
            assert len(askers[row.words]) >= 5
        assert not Intent.objects.exclude(words="").exists()
        known = dict(SearchTerm.objects.values_list("term", "words"))
        for words, who in askers.items():
            assert (known[searches.term_of(words)] == words) == (len(who) >= 5)
