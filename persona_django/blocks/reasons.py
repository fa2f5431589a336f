"""Why an item is shown, from a fixed list of sentences.

Shoppers read rounded figures, so that nobody can watch one person's purchase in them; staff read
the exact ones. No sentence names another person or guesses at anybody's nature.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import count

from django.conf import settings
from django.utils import formats
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from persona_django import conf
from persona_django.blocks.values import Reason
from persona_django.sources.levels import BRAND, CATEGORY, NO_LEVEL, SUB_CATEGORY, Level


def steps(least: int) -> Iterator[int]:
    """The only figures that are ever published: `least`, 10, 20, 50, 100, 200, 500, 1000, ...

    >>> from itertools import islice
    >>> list(islice(steps(5), 6))
    [5, 10, 20, 50, 100, 200]
    """
    yield least
    for power in count(1):
        for digit in (1, 2, 5):
            if digit * 10**power > least:
                yield digit * 10**power


def rounded(support: int, *, least: int) -> int:
    """The highest step that `support` lies above; 0 when it is not above the crowd of `least`.

    >>> rounded(214, least=5), rounded(200, least=5), rounded(6, least=5), rounded(5, least=5)
    (200, 100, 5, 0)
    """
    below = 0
    for step in steps(least):
        if step >= support:
            break
        below = step
    return below


def reason_for(
    code: str,
    *,
    level: Level = NO_LEVEL,
    support: int = 0,
    support_of: int = 0,
    by_chance: float = 0.0,
    staff: bool = False,
) -> Reason:
    """The sentence for one item. Codes are those that sources name; `by_chance`, of the people
    behind `support`, 0 where that is not known, is for staff as all exact figures are."""
    current = conf.current()
    if not current.reasons:
        return Reason(code=code, text="", level=level.kind)
    # Nothing but the rounded figure goes into a sentence, so that none can give more away.
    if code in _COUNTED:
        figure = rounded(support, least=max(current.min_buyers, current.min_support))
    else:
        figure = support if code == "reorder" else 0
    exact = _exact(support, support_of, by_chance) if staff and support_of else ""
    language = get_language()
    name = level.name if _speaks(level, language) else ""
    text = _sentence(code, figure, level.kind, name, language)
    return Reason(code=code, text=text, exact=exact, level=level.kind)


def _speaks(level: Level, language: str | None) -> bool:
    """Whether a level's name can stand in a sentence. Brands are called the same everywhere; the
    catalogue was read in the shop's own language, and has its categories in no other."""
    own = settings.LANGUAGE_CODE.partition("-")[0]
    return level.kind == BRAND or language is None or language.partition("-")[0] == own


@lru_cache(maxsize=4096)
def _sentence(code: str, figure: int, kind: str, name: str, language: str | None) -> str:
    """One sentence in the active language, which the arguments name so that it can be kept."""
    named = _NAMED.get((code, kind)) if name else None
    if named is not None:
        return named(name)
    return _TEXTS[code](figure) if code in _TEXTS else ""


def _exact(support: int, support_of: int, by_chance: float = 0.0) -> str:
    """The figures that staff read: "214 of 3,050, by chance 61"."""
    figures = {"support": number(support), "all": number(support_of)}
    if not by_chance:
        return _("%(support)s of %(all)s") % figures
    figures["chance"] = expected(by_chance)
    return _("%(support)s of %(all)s, by chance %(chance)s") % figures


def expected(people: float) -> str:
    """An expectation as precise as it tells something: 61, 6.1, 0.6."""
    if people < LEAST_EXPECTED:
        return _("under %(figure)s") % {"figure": formats.number_format(LEAST_EXPECTED, 1)}
    if people >= 9.95:
        return number(round(people))
    return str(formats.number_format(people, 1, use_l10n=True))


LEAST_EXPECTED = 0.1
"""Below it an expectation would read as nothing at all."""


def number(figure: int) -> str:
    """A whole number as people of the current language write it."""
    return str(formats.number_format(figure, use_l10n=True, force_grouping=True))


def _bought_together(crowd: int) -> str:
    if crowd:
        return _("Bought together by more than %(crowd)s customers") % {"crowd": number(crowd)}
    return _("Often bought together")


def _bought_after(crowd: int) -> str:
    if crowd:
        return _("Bought later by more than %(crowd)s customers") % {"crowd": number(crowd)}
    return _("Often bought later")


def _viewed_next(crowd: int) -> str:
    if crowd:
        return _("Looked at next by more than %(crowd)s shoppers") % {"crowd": number(crowd)}
    return _("Often looked at next")


def _viewed_then_bought(crowd: int) -> str:
    if crowd:
        return _("More than %(crowd)s customers bought this in the end") % {"crowd": number(crowd)}
    return _("Often bought in the end")


def _content(figure: int) -> str:
    return _("Of the same kind")


def _visit_next(figure: int) -> str:
    return _("Others who looked at the same went on to this")


def _similar(crowd: int) -> str:
    if crowd:
        return _("More than %(crowd)s shoppers liked both") % {"crowd": number(crowd)}
    return _("Liked by the same shoppers")


def _suggested(figure: int) -> str:
    return _("Suggested by our shop")


def _reorder(times: int) -> str:
    return ngettext("You bought this once", "You bought this %(times)s times", times) % {
        "times": times
    }


def _popular_nearby(figure: int) -> str:
    return _("Popular among products of this kind")


def _popular_brand(figure: int) -> str:
    return _("Popular of the same brand")


def _popular_in(category: str) -> str:
    return _("Popular in %(category)s") % {"category": category}


def _popular_from(brand: str) -> str:
    return _("Popular from %(brand)s") % {"brand": brand}


def _new_in(category: str) -> str:
    return _("New in %(category)s") % {"category": category}


def _new_from(brand: str) -> str:
    return _("New from %(brand)s") % {"brand": brand}


def _trending_in(category: str) -> str:
    return _("Sought after in %(category)s right now") % {"category": category}


def _trending(figure: int) -> str:
    return _("Sought after right now")


def _popular(figure: int) -> str:
    return _("Popular in our shop")


def _newest(figure: int) -> str:
    return _("New in our shop")


_TEXTS: dict[str, Callable[[int], str]] = {
    "bought-together": _bought_together,
    "bought-after": _bought_after,
    "viewed-next": _viewed_next,
    "viewed-then-bought": _viewed_then_bought,
    "visit-next": _visit_next,
    "content": _content,
    "similar": _similar,
    "suggested": _suggested,
    "reorder": _reorder,
    "trending": _trending,
    "popular-nearby": _popular_nearby,
    "popular-brand": _popular_brand,
    "popular": _popular,
    "newest": _newest,
}
_NAMED: dict[tuple[str, str], Callable[[str], str]] = {
    ("popular-nearby", SUB_CATEGORY): _popular_in,
    ("popular-nearby", CATEGORY): _popular_in,
    ("popular-brand", BRAND): _popular_from,
    ("popular", SUB_CATEGORY): _popular_in,
    ("popular", CATEGORY): _popular_in,
    ("trending", SUB_CATEGORY): _trending_in,
    ("trending", CATEGORY): _trending_in,
    ("newest", SUB_CATEGORY): _new_in,
    ("newest", CATEGORY): _new_in,
    ("newest", BRAND): _new_from,
}
"""By code and kind of level: sentences that name it."""
CODES = tuple(_TEXTS)
"""Every reason that a source may name."""
_COUNTED = frozenset(
    {"bought-together", "bought-after", "viewed-next", "viewed-then-bought", "similar"}
)
"""Codes whose figure counts shoppers, and is published only in steps above the crowd of k."""
