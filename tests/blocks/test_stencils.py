"""Markup that is rendered once and filled in says what rendering each slot would have said."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.template import Context, Template, engines
from django.test import override_settings
from django.utils import translation
from django.utils.autoreload import file_changed
from django.utils.safestring import mark_safe
from hypothesis import given
from hypothesis import strategies as st

from persona_django.blocks.stencils import filled, forget, stand_in, stencil_of, texts_of
from persona_django.blocks.values import Slot, money_text

LETTERS = st.sampled_from("aé<&\"'{}0\ufdd0\ufdd1 \n")
TITLES, TEXTS = st.text(LETTERS, min_size=1, max_size=6), st.text(LETTERS, max_size=6)


def card() -> Any:
    return engines["django"].engine.get_template("persona/card.html")


def rendered(slot: Slot) -> str:
    return str(card().render(Context({"slot": slot})))


def from_stencil(slot: Slot) -> str:
    return filled(stencil_of(card(), texts_of(slot), rendered), texts_of(slot))


@given(texts=st.tuples(TITLES, *[TEXTS] * 6))
def test_a_filled_card_is_the_card_that_would_have_been_rendered(texts):
    slot = stand_in(*texts)

    assert from_stencil(slot) == rendered(slot)


def test_a_text_that_the_shop_trusts_is_not_escaped_again():
    slot = stand_in(mark_safe("Tea &amp; mug"), "/tea/", "", "4.50", "", "", "")

    assert from_stencil(slot) == rendered(slot)
    assert "&amp;amp;" not in from_stencil(slot)


def test_each_language_has_its_own():
    text = "{% load i18n %}{% get_current_language as now %}{{ now }} {{ slot.title }}"
    template: Any = Template(text)
    slot = stand_in("Tee", "", "", "", "", "", "")

    def said() -> str:
        def drawn(stand: Slot) -> str:
            return str(template.render(Context({"slot": stand})))

        return filled(stencil_of(template, texts_of(slot), drawn), texts_of(slot))

    with translation.override("de"):
        german = said()
    with translation.override("en"):
        english = said()
    assert (german, english) == ("de Tee", "en Tee")


@pytest.mark.parametrize("change", ["file", "setting"])
def test_what_may_have_changed_is_rendered_again(change):
    slot = stand_in("Tea", "", "", "", "", "", "")
    template = card()
    assert stencil_of(template, texts_of(slot), lambda _: "before") == "before"
    assert stencil_of(template, texts_of(slot), lambda _: "after") == "before"

    if change == "file":
        file_changed.send(sender=None, file_path=Path("de.mo"))
    else:
        with override_settings(USE_I18N=False):
            pass

    assert stencil_of(template, texts_of(slot), lambda _: "after") == "after"


def test_made_up_languages_do_not_fill_the_memory():
    slot = stand_in("Tea", "", "", "", "", "", "")
    drawn: list[str] = []
    for name in [*(f"en-x-{number}" for number in range(300)), "en-x-0"]:
        with translation.override(name):
            stencil_of(card(), texts_of(slot), lambda _: drawn.append("") or "")

    assert len(drawn) == 301


def test_what_another_thread_forgets_meanwhile_is_rendered_all_the_same():
    slot = stand_in("Tea", "", "", "", "", "", "")

    def drawn(_: Slot) -> str:
        forget()
        return "drawn"

    assert stencil_of(card(), texts_of(slot), drawn) == "drawn"


class TestPrices:
    def test_a_price_is_written_as_the_settings_of_this_moment_say(self):
        with translation.override("en"):
            before = money_text(Decimal("1234.5"), "EUR")
            with override_settings(USE_THOUSAND_SEPARATOR=True):
                grouped = money_text(Decimal("1234.5"), "EUR")
        with translation.override("de"):
            german = money_text(Decimal("1234.5"), "EUR")

        assert (before, grouped, german) == ("1234.50 EUR", "1,234.50 EUR", "1234,50 EUR")

    def test_each_currency_has_its_decimals(self):
        assert [money_text(3, code) for code in ("EUR", "JPY", "KWD")] == [
            "3.00 EUR",
            "3 JPY",
            "3.000 KWD",
        ]

    def test_numbers_that_cannot_be_remembered_are_written_all_the_same(self):
        class Odd(Decimal):
            __hash__ = None  # type: ignore[assignment]

        assert money_text(Odd("4.5"), "EUR") == "4.50 EUR"

    def test_a_price_that_prints_itself_does(self):
        assert money_text(SimpleNamespace(amount=3), "EUR").startswith("namespace(")
