"""Why an item is shown, from a fixed list of sentences.

Shoppers read rounded figures, so that nobody can watch one person's purchase in them; staff read
the exact ones. No sentence names another person or guesses at anybody's nature.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import count

from django.utils import formats
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from persona_django import conf
from persona_django.blocks.values import Reason


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


def reason_for(code: str, *, support: int = 0, support_of: int = 0, staff: bool = False) -> Reason:
    """The sentence for one item. Codes are those that sources name."""
    settings = conf.current()
    if not settings.reasons:
        return Reason(code=code, text="")
    # Nothing but the rounded figure goes into a sentence, so that none can give more away.
    if code in _COUNTED:
        figure = rounded(support, least=max(settings.min_buyers, settings.min_support))
    else:
        figure = support if code == "reorder" else 0
    exact = _exact(support, support_of) if staff and support_of else ""
    return Reason(code=code, text=_sentence(code, figure, get_language()), exact=exact)


@lru_cache(maxsize=1024)
def _sentence(code: str, figure: int, language: str | None) -> str:
    """One sentence in the active language, which the arguments name so that it can be kept."""
    return _TEXTS[code](figure) if code in _TEXTS else ""


def _exact(support: int, support_of: int) -> str:
    return _("%(support)s of %(all)s") % {"support": _number(support), "all": _number(support_of)}


def _number(figure: int) -> str:
    return str(formats.number_format(figure, use_l10n=True, force_grouping=True))


def _bought_together(crowd: int) -> str:
    if crowd:
        return _("Bought together by more than %(crowd)s customers") % {"crowd": _number(crowd)}
    return _("Often bought together")


def _similar(crowd: int) -> str:
    if crowd:
        return _("More than %(crowd)s shoppers liked both") % {"crowd": _number(crowd)}
    return _("Liked by the same shoppers")


def _reorder(times: int) -> str:
    return ngettext("You bought this once", "You bought this %(times)s times", times) % {
        "times": times
    }


def _popular_nearby(figure: int) -> str:
    return _("Popular among products of this kind")


def _popular(figure: int) -> str:
    return _("Popular in our shop")


def _newest(figure: int) -> str:
    return _("New in our shop")


_TEXTS: dict[str, Callable[[int], str]] = {
    "bought-together": _bought_together,
    "similar": _similar,
    "reorder": _reorder,
    "popular-nearby": _popular_nearby,
    "popular": _popular,
    "newest": _newest,
}
CODES = tuple(_TEXTS)
"""Every reason that a source may name."""
_COUNTED = frozenset({"bought-together", "similar"})
"""Codes whose figure counts shoppers, and is published only in steps above the crowd of k."""
