"""Personalization a Django shop owns: it watches, learns, ranks, shows, and learns again.

`recommend` and `track` load on first use, so that `persona_django.numeric` needs no Django.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0.dev0"
__all__ = ["arecommend", "atrack", "prepare", "recommend", "track", "viewed"]

if TYPE_CHECKING:
    from persona_django.serving.recommend import arecommend, prepare, recommend
    from persona_django.tracking.ingest import atrack, track, viewed

_HOMES = {
    "recommend": "persona_django.serving.recommend",
    "arecommend": "persona_django.serving.recommend",
    "prepare": "persona_django.serving.recommend",
    "track": "persona_django.tracking.ingest",
    "atrack": "persona_django.tracking.ingest",
    "viewed": "persona_django.tracking.ingest",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
