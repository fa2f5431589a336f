"""Our own markup of a slot, rendered once for every shape that a slot may have, then filled in.

Between two products only texts differ, and which of them there are. So a template of ours is
rendered with marks in the place of texts, and each product's own take their places: six cards
rendered one by one took a third of a block's time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from django.core.signals import setting_changed
from django.template.base import Template
from django.utils.autoreload import file_changed
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from persona_django.blocks.values import Reason, Slot

Texts = tuple[str, ...]
"""Everything of one slot that our templates write: an empty text is left out by them. The first
is the title, which no slot is without."""

MOST_SHAPES = 256
"""Of one template: languages may be made up by whoever sends a request."""

_stencils: WeakKeyDictionary[Template, dict[tuple[Any, ...], str]] = WeakKeyDictionary()

_FIRST_MARK = 0xFDD0
"""The first of 32 characters of which Unicode promises that they will never stand in a text."""


def texts_of(slot: Slot) -> Texts:
    """What our templates read of a slot, in the order of the marks of `stand_in`."""
    reason = slot.reason
    return (
        slot.title,
        slot.url,
        slot.image,
        slot.price_text,
        slot.compare_at_text,
        reason.text,
        reason.exact,
    )


def stencil_of(template: Template, texts: Texts, render: Callable[[Slot], str]) -> str:
    """A text for `filled`: what `render` makes of a slot with the same texts missing.

    Kept while the template lives, for each language.
    """
    kept = _stencils.setdefault(template, {})
    shape = (get_language(), *map(bool, texts))
    stencil = kept.get(shape)
    if stencil is None:
        if len(kept) >= MOST_SHAPES:
            kept.clear()
        # Another thread may clear it in the meantime, so it is not asked for again.
        stencil = kept[shape] = _drawn(texts, render)
    return stencil


def _drawn(texts: Texts, render: Callable[[Slot], str]) -> str:
    marks = [chr(_FIRST_MARK + number) for number in range(len(texts))]
    said = [mark if text else "" for mark, text in zip(marks, texts, strict=True)]
    stencil = render(stand_in(*said)).replace("{", "{{").replace("}", "}}")
    for place, mark in enumerate(filter(None, said)):
        stencil = stencil.replace(mark, f"{{{place}}}")
    return stencil


def filled(stencil: str, texts: Texts) -> SafeString:
    """The markup of one slot; its texts are escaped, also where the page around them is not."""
    return format_html(stencil, *filter(None, texts))


def stand_in(
    title: str, url: str, image: str, price: str, before: str, reason: str, exact: str
) -> Slot:
    """A slot of no product that says these texts."""
    return Slot(
        position=0,
        item_id=0,
        group_id=0,
        model="",
        key="",
        product=None,
        title=title,
        url=url,
        price=_Said(price) if price else None,
        compare_at_price=_Said(before) if before else None,
        currency="",
        image=image,
        reason=Reason(code="", text=reason, exact=exact),
        token="",
    )


def forget(**_: Any) -> None:
    """Render all of them again: settings, or in development a translation, may have changed."""
    _stencils.clear()


setting_changed.connect(forget, dispatch_uid="persona_django.blocks.stencils")
file_changed.connect(forget, dispatch_uid="persona_django.blocks.stencils")


class _Said:
    """A price that prints itself, as a shop's money object does."""

    def __init__(self, amount: str) -> None:
        self.amount = amount

    def __str__(self) -> str:
        return self.amount
