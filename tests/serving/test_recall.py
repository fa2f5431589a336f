"""What pages asked for before is expected of them again, within bounds."""

from __future__ import annotations

from persona_django.serving.recall import FORGET_AFTER, MOST_ASKS, MOST_PAGES, Habit, Recall

SIMILAR = Habit("similar-items", 6, True)
REORDER = Habit("reorder", 6, False)


def test_a_page_is_expected_to_ask_for_what_it_asked_for():
    recall = Recall()
    recall.note("product", SIMILAR)
    recall.note("product", REORDER)

    assert recall.expect("product") == [SIMILAR, REORDER]
    assert recall.expect("home") == []


def test_a_block_that_was_taken_out_of_the_template_is_forgotten_after_a_while():
    recall = Recall()
    recall.note("product", SIMILAR)
    recall.note("product", REORDER)

    for _ in range(FORGET_AFTER + 1):
        expected = recall.expect("product")
        recall.note("product", SIMILAR)

    assert expected == [SIMILAR]


def test_neither_pages_nor_blocks_pile_up_without_end():
    recall = Recall()

    for page in range(MOST_PAGES + 10):
        for size in range(MOST_ASKS + 10):
            recall.note(f"page {page}", Habit("similar-items", size, True))

    assert recall.expect("page 0") == []
    assert len(recall.expect(f"page {MOST_PAGES + 9}")) == MOST_ASKS
