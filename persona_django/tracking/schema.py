"""What an event may be: its kinds, what it may be used for, and its limits."""

from __future__ import annotations

from enum import IntEnum

from persona_django.exceptions import BadEvent


class Kind(IntEnum):
    """What happened. Names in lower case are the keys of the setting EVENT_WEIGHTS."""

    VIEW = 1
    CLICK = 2
    CART_ADD = 3
    CART_REMOVE = 4
    SAVE = 5
    PURCHASE = 6
    REFUND = 7

    @classmethod
    def of(cls, kind: Kind | int | str) -> Kind:
        """The kind by member, number or name in any case."""
        try:
            return cls[kind.upper()] if isinstance(kind, str) else cls(kind)
        except (KeyError, ValueError):
            names = ", ".join(member.name.lower() for member in cls)
            raise BadEvent(f"There is no kind of event {kind!r}. Use one of {names}.") from None


class Basis(IntEnum):
    """What an event may be used for."""

    CONSENT = 1
    """The visitor agreed."""
    CUSTOMER = 2
    """The shop's own basis for its signed-in customers."""
    AGGREGATE = 3
    """Teaches what goes with what, behind a crowd; never says anything about one person."""

    @classmethod
    def of(cls, basis: Basis | int | str) -> Basis:
        """The basis by member, number or name in any case."""
        try:
            return cls[basis.upper()] if isinstance(basis, str) else cls(basis)
        except (KeyError, ValueError):
            names = ", ".join(member.name.lower() for member in cls)
            raise BadEvent(f"There is no basis {basis!r}. Use one of {names}.") from None


FROM_BROWSER = frozenset({Kind.VIEW, Kind.CLICK, Kind.CART_ADD, Kind.CART_REMOVE, Kind.SAVE})
"""Kinds that anything a browser reaches may report. A forged purchase must not be one of them."""

LONGEST_ID = 128
MOST_QUANTITY = 1_000_000
MOST_PRICE = 10**15
EARLIEST = 631_152_000
"""1 January 1990: an older event is a broken clock or a broken column."""
CLOCK_TOLERANCE_SECONDS = 300
