"""What a block answers: a slate of slots, each with its reason, its proof and its markup."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.core.signals import setting_changed
from django.utils import formats
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from persona_django.catalogue.money import exponent


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why one item is shown, as a sentence for whoever is looking."""

    code: str
    """Name of the kind of reason, the same in every language."""
    text: str
    """What shoppers read. Figures in it are rounded down and never below the crowd of k."""
    exact: str = ""
    """What staff read, with the exact figures; empty for everyone else."""
    level: str = ""
    """How near to what the block started from it was found, one of `sources.levels.KINDS`; empty
    where it started from nothing, and for what is there for another reason than an item's sake:
    the visit, the shopper's own orders."""


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One place of a slate, from 1, with the shop's own object in it."""

    position: int
    item_id: int
    group_id: int
    model: str
    key: str
    product: Any
    """The shop's own object, fetched for this page through `ItemMap.visible`."""
    title: str
    url: str
    """Where its page is; empty when the shop gave no address that a link may lead to."""
    price: Any
    compare_at_price: Any
    """The price before a discount, only while it is higher than `price`."""
    currency: str
    image: str
    reason: Reason
    token: str
    """Signed proof that this item was shown in this place of this block."""
    slate: str = ""
    """The anchor of the slate that it stands in, one for each block of a page."""
    card_template: str = ""
    """The shop's own card, named by its map; empty: ours."""

    @property
    def attrs(self) -> SafeString:
        """HTML attributes that make any markup around this slot tracked."""
        return format_html(
            'data-persona-slot="{}" data-persona-slate="{}" '
            'data-persona-item="{}:{}" data-persona-token="{}"',
            self.position,
            self.slate,
            self.model,
            self.key,
            self.token,
        )

    @cached_property
    def price_text(self) -> str:
        """The price as people of the current language write it: 1.234,50 EUR."""
        return money_text(self.price, self.currency)

    @cached_property
    def compare_at_text(self) -> str:
        """The price before the discount; empty without one."""
        return money_text(self.compare_at_price, self.currency)


def money_text(amount: Any, currency: str) -> str:
    """An amount with the decimals of its currency; a money object of the shop prints itself."""
    if amount is None:
        return ""
    if hasattr(amount, "amount"):
        return str(amount)
    try:
        number = _number(amount, exponent(currency), get_language())
    except TypeError:
        # A number type of the shop's own need not be hashable.
        number = formats.number_format(amount, exponent(currency), use_l10n=True)
    return f"{number} {currency}".strip()


@lru_cache(maxsize=4_096, typed=True)
def _number(amount: Any, decimals: int, language: str | None) -> str:
    """A number as people of the language that is active write it.

    Prices repeat, within a page and from one page to the next, and writing one out took longer
    than signing its token.
    """
    return formats.number_format(amount, decimals, use_l10n=True)


def _forget(**_: Any) -> None:
    _number.cache_clear()


setting_changed.connect(_forget, dispatch_uid="persona_django.blocks.values")


def anchor_of(block: str, number: int) -> str:
    """What a slate is called within its page, by its block and its place among all of them."""
    return f"{block}-{number}"


@dataclass(frozen=True, kw_only=True)
class Slate:
    """The answer of one block to one query, in order. True when there is something to show."""

    block: str
    title: str = ""
    slots: tuple[Slot, ...] = ()
    fallback: int = 0
    """0 when the block's first source filled it, else how far down its chain it went."""
    why_empty: str = ""
    """Why there is nothing and what to do, for `persona_status` and for DEBUG."""
    version: int = 0
    """The live model version behind the block's first source; 0: none."""
    personal: bool = False
    """Made for one shopper: never to be kept by a cache."""
    number: int = 1
    """Which block of its page this is, so that headings have names of their own."""

    @cached_property
    def anchor(self) -> str:
        """Id of the block's heading in the page."""
        return f"persona-{anchor_of(self.block, self.number)}"

    def __iter__(self) -> Iterator[Slot]:
        return iter(self.slots)

    def __len__(self) -> int:
        return len(self.slots)

    def __bool__(self) -> bool:
        return bool(self.slots)

    def __str__(self) -> str:
        return f"{self.block}: {len(self.slots)} slots"
