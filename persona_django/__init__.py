"""Personalization a Django shop owns: it watches, learns, ranks, shows, and learns again.

What is offered here loads on first use, so that `persona_django.numeric` needs no Django.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0.dev0"
__all__ = [
    "BadEvent",
    "Line",
    "Promise",
    "aordered",
    "apurchased",
    "arecommend",
    "arefunded",
    "asearch_finds",
    "atrack",
    "ordered",
    "prepare",
    "purchased",
    "recommend",
    "refunded",
    "search_finds",
    "track",
    "viewed",
]

if TYPE_CHECKING:
    from persona_django.exceptions import BadEvent
    from persona_django.serving.recommend import arecommend, prepare, recommend
    from persona_django.serving.searches import asearch_finds, search_finds
    from persona_django.tracking.ingest import viewed
    from persona_django.tracking.promises import Promise
    from persona_django.tracking.shop_calls import atrack, track
    from persona_django.tracking.shop_orders import (
        Line,
        aordered,
        apurchased,
        arefunded,
        ordered,
        purchased,
        refunded,
    )

_HOMES = {
    **dict.fromkeys(("recommend", "arecommend", "prepare"), "persona_django.serving.recommend"),
    **dict.fromkeys(("search_finds", "asearch_finds"), "persona_django.serving.searches"),
    **dict.fromkeys(("track", "atrack"), "persona_django.tracking.shop_calls"),
    **dict.fromkeys(
        ("ordered", "aordered", "purchased", "apurchased", "refunded", "arefunded", "Line"),
        "persona_django.tracking.shop_orders",
    ),
    "BadEvent": "persona_django.exceptions",
    "Promise": "persona_django.tracking.promises",
    "viewed": "persona_django.tracking.ingest",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
