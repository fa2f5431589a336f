"""Says on the shop's pages what is real in it, what is invented, and what was not learnt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache

from example_shop.models import Origin
from persona_django import conf
from persona_django.catalogue.state import read_state

CACHE_KEY = "shop.origin.1"
REMEMBERED_SECONDS = 300
LEARNT = {"similar": "which items are similar", "bought-together": "what is bought together"}
"""Kinds of model version behind the shop's rows, and what each of them knows."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What every page may say about the shop's contents."""

    title: str
    summary: str
    notes: tuple[str, ...]

    @property
    def not_learnt(self) -> list[str]:
        """What the rows cannot show yet, because nothing live stands behind it."""
        if not conf.current().enabled:
            # There are no rows then.
            return []
        live = read_state()
        return [words for kind, words in LEARNT.items() if not live.get(kind)]


def keep(*, title: str, summary: str, notes: Sequence[str], choice: dict[str, Any]) -> None:
    """Write down what the shop was just filled with."""
    Origin.objects.all().delete()
    Origin.objects.create(title=title, summary=summary, notes=list(notes), choice=choice)
    forget()


def told() -> Told | None:
    """What is known of the shop's contents; None in a shop that the demo did not fill."""
    return cache.get_or_set(CACHE_KEY, _read, REMEMBERED_SECONDS)


def forget() -> None:
    """Read it anew; called when the shop was emptied or filled."""
    cache.delete(CACHE_KEY)


def _read() -> Told | None:
    row = Origin.objects.first()
    return row and Told(title=row.title, summary=row.summary, notes=tuple(row.notes))
