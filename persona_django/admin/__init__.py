"""What merchants see. Unlike other rooms this one imports its modules, so that they register."""

from persona_django.admin import (
    decisions,
    events,
    items,
    records,
    searches,
    suggestions,
    versions,
    visitors,
)

__all__ = [
    "decisions",
    "events",
    "items",
    "records",
    "searches",
    "suggestions",
    "versions",
    "visitors",
]
