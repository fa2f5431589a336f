"""What went wrong in the shop's own maps while one page was made, for its log and for DEBUG."""

from __future__ import annotations

from dataclasses import replace

from persona_django import counters
from persona_django.blocks.values import Slate
from persona_django.serving.knowledge import Knowledge


class Faults:
    """Hears of every map that raises, reports it, and names it where a block is empty for it."""

    def __init__(self) -> None:
        self._heard: list[str] = []

    def __call__(self, advice: str, error: Exception) -> None:
        counters.failed("broken_map", advice, error=error)
        self._heard.append(advice)

    def explain(self, slate: Slate, known: Knowledge) -> Slate:
        """An empty slate with the reason that matters most. A shop without goods is logged."""
        if self._heard:
            return replace(slate, why_empty=self._heard[0])
        if not slate.personal and not known.families.on_sale.any():
            counters.failed("nothing_on_sale", slate.why_empty)
        return slate
