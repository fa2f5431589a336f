"""What an event may be: its kinds, what it may be used for, and its limits."""

from __future__ import annotations

from enum import IntEnum

from persona_django import conf
from persona_django.exceptions import BadEvent


class Kind(IntEnum):
    """What happened. Names in lower case are the keys of the setting EVENT_WEIGHTS.

    Numbers are stored. Purchases stand first and what speaks against an item last, so that
    learning reads one range of them. From 64 on they belong to the shop, see EVENT_KINDS.
    """

    PURCHASE = 1
    REFUND = 2
    VIEW = 3
    CLICK = 4
    """Chosen in a block."""
    DWELL = 5
    """Seconds for which the page of an item was visible; the value."""
    ENGAGE = 6
    """A part of the page was used, such as gallery, zoom or reviews; the value is the share."""
    PLAY = 7
    PROGRESS = 8
    FINISH = 9
    """Of media; the value is the share consumed."""
    REVISIT = 10
    """Derived: the same item again in another visit."""
    CART_ADD = 11
    SAVE = 12
    MORE_LIKE = 13
    """"More like this", said in a block."""
    CART_REMOVE = 14
    CART_ABANDONED = 15
    """Derived: put into the cart, neither bought nor taken out."""
    SKIP = 16
    """Derived: seen on screen and passed over for another."""
    DISMISS = 17
    """"Not for me"; counts for this shopper only."""
    ONE_OFF = 18
    """Derived: bought once in a category that this shopper never came back to, as gifts are."""
    ORDERED = 19
    """This visitor placed an order, whose lines stay where they are; it has no item."""
    UNSAVE = 20
    RESTORE = 21
    """Takes a DISMISS back."""

    @classmethod
    def of(cls, kind: Kind | int | str) -> Kind:
        """The kind of ours by member, number or name in any case."""
        try:
            return cls[kind.upper()] if isinstance(kind, str) else cls(kind)
        except (KeyError, ValueError):
            names = ", ".join(member.name.lower() for member in cls)
            raise BadEvent(f"There is no kind of event {kind!r}. Use one of {names}.") from None


FIRST_OF_SHOP, LAST_KIND = 64, 127
"""Numbers that a shop may give to kinds of its own."""

LOOKS = (Kind.VIEW, Kind.PLAY)
"""What counts as looking at something: its page, or, for media, its beginning."""
SHARES = frozenset({Kind.ENGAGE, Kind.PLAY, Kind.PROGRESS, Kind.FINISH})
"""Kinds whose value is a share, in parts of a thousand."""
DERIVED = frozenset({Kind.REVISIT, Kind.CART_ABANDONED, Kind.SKIP, Kind.ONE_OFF})
"""Kinds that nobody reports: a task works them out of the log, and can do so again. Their value
is the confidence, in parts of a thousand."""
AGAINST = frozenset(
    {
        Kind.REFUND,
        Kind.CART_REMOVE,
        Kind.CART_ABANDONED,
        Kind.SKIP,
        Kind.DISMISS,
        Kind.ONE_OFF,
        Kind.ORDERED,
        Kind.UNSAVE,
        Kind.RESTORE,
    }
)
"""Kinds that show no interest in an item. They say something to their own shopper only, so that
nobody can push an item down for everybody."""
FROM_BROWSER = frozenset(
    {
        Kind.VIEW,
        Kind.CLICK,
        Kind.DWELL,
        Kind.ENGAGE,
        Kind.PLAY,
        Kind.PROGRESS,
        Kind.FINISH,
        Kind.CART_ADD,
        Kind.SAVE,
        Kind.MORE_LIKE,
        Kind.CART_REMOVE,
        Kind.DISMISS,
        Kind.UNSAVE,
        Kind.RESTORE,
    }
)
"""Kinds that anything a browser reaches may report. A forged purchase must not be one of them."""


def number_of(kind: Kind | int | str) -> int:
    """The number of a kind, ours or the shop's, by member, number or name in any case.

    Raises BadEvent, naming those there are.
    """
    own = conf.current().event_kinds
    if isinstance(kind, str) and kind.lower() in own:
        return int(own[kind.lower()]["number"])
    if isinstance(kind, int) and any(one["number"] == kind for one in own.values()):
        return int(kind)
    try:
        return int(Kind.of(kind))
    except BadEvent as error:
        if not own:
            raise
        raise BadEvent(f"{error} The shop's own are {', '.join(own)}.") from None


def name_of_kind(number: int) -> str:
    """The name of a kind by its number; the number as text where nobody names it."""
    for name, own in conf.current().event_kinds.items():
        if own["number"] == number:
            return str(name)
    return Kind(number).name.lower() if number in set(Kind) else str(number)


def is_from_browser(number: int) -> bool:
    """Whether anything a browser reaches may report this kind."""
    if number < FIRST_OF_SHOP:
        return number in FROM_BROWSER
    own = conf.current().event_kinds.values()
    return any(one["number"] == number and one.get("sender") == "browser" for one in own)


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


LONGEST_ID = 128
MOST_QUANTITY = 1_000_000
MOST_PRICE = 10**15
MOST_VALUE = 2_047
"""Seconds or parts of a thousand; eleven bits, so that learning reads it with the time."""
EARLIEST = 631_152_000
"""1 January 1990: an older event is a broken clock or a broken column."""
CLOCK_TOLERANCE_SECONDS = 300
