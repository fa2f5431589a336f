"""When something happened, in words, and lists that are narrowed by it at no great cost."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta, timezone
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.formats import localize
from django.utils.timezone import localtime, make_aware
from django.utils.translation import gettext_lazy as _

from persona_django.admin.readonly import ReadOnlyAdmin

HOUR_SECONDS = 3_600
_SPANS = {
    "hour": (1, _("the last hour")),
    "day": (24, _("the last 24 hours")),
    "week": (7 * 24, _("the last 7 days")),
    "month": (30 * 24, _("the last 30 days")),
}
_DAY = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d):(\d\d))?")


def moment(seconds: int) -> str:
    """Seconds since 1970 in the reader's time zone and words; a row's own page, unlike a list,
    would write a datetime as Python does."""
    if not seconds:
        return "-"
    return str(localize(localtime(datetime.fromtimestamp(seconds, tz=timezone.utc))))


def span_of(words: str) -> tuple[int, int] | None:
    """The day or the minute that somebody wrote, as 2026-03-01 or 2026-03-01 14:05 by the clock
    they read: first second, and the first one after it. None where it is neither."""
    found = _DAY.fullmatch(words.strip())
    if found is None:
        return None
    day, hour, minute = found.groups()
    try:
        first = datetime.fromisoformat(f"{day}T{hour or '00'}:{minute or '00'}")
        after = first + (timedelta(minutes=1) if hour else timedelta(days=1))
        return int(make_aware(first).timestamp()), int(make_aware(after).timestamp())
    except (ValueError, OverflowError):
        return None


class WhenFilter(admin.SimpleListFilter):
    """Lately, or before that. Rows of a span are found by the index on their time."""

    title = _("when")
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        spans = [(name, words) for name, (_hours, words) in _SPANS.items()]
        return [*spans, ("before", _("more than 30 days ago"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        asked, now = self.value() or "", int(time.time())
        if asked in _SPANS:
            return queryset.filter(at__gte=now - _SPANS[asked][0] * HOUR_SECONDS)
        if asked == "before":
            return queryset.filter(at__lt=now - _SPANS["month"][0] * HOUR_SECONDS)
        return queryset


class TimedAdmin(ReadOnlyAdmin):
    """Rows of a table that grows by the minute, newest first, of which any day can be reached.

    Its time is a column `at` with an index. What has none is neither sorted nor filtered by: with
    millions of rows that would take seconds, and the database from the shop.
    """

    newest_first = True
    # What was imported last happened long ago.
    ordering = ("-at", "-id")
    sortable_by = ()
    list_filter: ClassVar[Any] = (WhenFilter,)
    # Django shows the box where there are any; what it finds is said below.
    search_fields = ("at",)
    search_help_text = _("A day as 2026-03-01, or a minute as 2026-03-01 14:05.")

    @admin.display(description=_("when"))
    def happened(self, row: Any) -> str:
        return moment(row.at)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        span = span_of(search_term)
        if span is None:
            return queryset.none(), False
        return queryset.filter(at__gte=span[0], at__lt=span[1]), False
