"""What the shop sells. A `persona.py` needs `register`, `ItemMap` and `OrderMap` from here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["Audience", "ItemMap", "OrderMap", "register"]

if TYPE_CHECKING:
    from persona_django.catalogue.maps import Audience, ItemMap, OrderMap
    from persona_django.catalogue.registry import register

_HOMES = {
    "Audience": "persona_django.catalogue.maps",
    "ItemMap": "persona_django.catalogue.maps",
    "OrderMap": "persona_django.catalogue.maps",
    "register": "persona_django.catalogue.registry",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
