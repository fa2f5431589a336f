"""What this room holds about people, for erasure: who a job that has not ended is to look at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from persona_django.deriving import work
from persona_django.identity.holdings import Holding, register
from persona_django.identity.subjects import Subject


def _no_rows(subject: Subject) -> Iterator[dict[str, Any]]:
    # Copied for an hour from events and orders, which are told where they stand.
    return iter(())


WORK = register(
    Holding(
        name="work in progress",
        about="Copies of what you did and bought, which a job works with. They go when it ends.",
        fields={},
        tell=_no_rows,
        erase=lambda subject, most: work.take_out(subject.keys),
        is_of_shop=False,
        goes_through_all=True,
    )
)
