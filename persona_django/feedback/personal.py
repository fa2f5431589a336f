"""What this room holds about people, for export and erasure: which slates they were shown."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from django.db.models import QuerySet

from persona_django.feedback.models import ServedSlate
from persona_django.feedback.slates import slots_of
from persona_django.identity.holdings import moment, of_table, register
from persona_django.tracking.personal import CIRCUMSTANCES, circumstances, in_parts, named


def _slates(rows: QuerySet[ServedSlate]) -> Iterator[dict[str, Any]]:
    for part in in_parts(rows):
        items = [slots_of(slate.items).tolist() for slate in part]
        names = named(chain.from_iterable(items))
        for slate, shown in zip(part, items, strict=True):
            yield {
                "at": moment(slate.at),
                "block": slate.block,
                "items": [names.get(one) for one in shown],
                "seen": _positions(slate.seen),
                "chosen": _positions(slate.clicked),
                "not_wanted": _positions(slate.dismissed),
                **circumstances(slate.context),
            }


def _positions(bits: int) -> list[int]:
    """Positions, from 1, whose bit is set."""
    return [at + 1 for at in range(bits.bit_length()) if bits >> at & 1]


SLATES = register(
    of_table(
        ServedSlate,
        name="recommendations",
        about="What was recommended to you, and what of it you saw, chose and did not want.",
        by="shopper",
        fields={
            "at": "When it was shown.",
            "block": "Which list it was.",
            "items": "The products in it, in order.",
            "seen": "Positions, from 1, that were really on your screen.",
            "chosen": "Positions that you chose.",
            "not_wanted": "Positions of which you said that they are not for you.",
            **CIRCUMSTANCES,
        },
        tell=_slates,
        is_of_shop=False,
    )
)
