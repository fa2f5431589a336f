"""What happened, one by one: whether anything comes in, and what."""

from __future__ import annotations

import re
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from persona_django import conf
from persona_django.admin.items import of_item
from persona_django.admin.moments import TimedAdmin, WhenFilter, span_of
from persona_django.admin.readonly import UncountedPaginator
from persona_django.tracking.models import Event
from persona_django.tracking.schema import DERIVED, SHARES, Basis, Kind, name_of_kind

_NUMBER = re.compile(r"-?[0-9]{1,19}")


class KindFilter(admin.SimpleListFilter):
    """One kind of events. `EventAdmin` applies it, once it is known among which."""

    title = gettext_lazy("kind, among the newest 10,000")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        own = {int(one["number"]) for one in conf.current().event_kinds.values()}
        return [(str(number), name_of_kind(number)) for number in sorted(own.union(Kind))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        return queryset


@admin.register(Event)
class EventAdmin(TimedAdmin):
    """What happened, newest first. Shoppers appear as pseudonyms only."""

    list_display = ("kind_name", "item", "happened", "quantity", "said", "basis_name")
    list_display_links = ("kind_name",)
    list_filter = (WhenFilter, KindFilter)
    search_help_text = gettext_lazy(
        "A day as 2026-03-01, a minute as 2026-03-01 14:05, or a shopper's number; or, among the "
        "newest 10,000, an item by its title or number."
    )
    fields = (
        "store", "kind_name", "item", "happened", "who", "quantity", "price", "said", "basis_name",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        found = super().get_queryset(request).annotate(item_title=of_item("item_id", "title"))
        return found.alias(item_key=of_item("item_id", "key"))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Event], search_term: str
    ) -> tuple[QuerySet[Event], bool]:
        """Times and shoppers have an index. Kinds and items have none, so they are looked for
        among the newest of what is left by those."""
        words, kind = search_term.strip(), request.GET.get(KindFilter.parameter_name, "")
        wanted = Q(kind=int(kind)) if kind.isdecimal() and len(kind) < 4 else Q()
        if words and span_of(words):
            queryset, _several = super().get_search_results(request, queryset, words)
        elif words and _is_a_shopper(words):
            queryset = queryset.filter(shopper=int(words))
        elif words:
            # Item by item of those few: a catalogue is not read for it, and none is left out.
            wanted &= Q(item_title__icontains=words) | Q(item_key=words)
        return (_newest(queryset).filter(wanted) if wanted else queryset), False

    @admin.display(description=gettext_lazy("kind"))
    def kind_name(self, event: Event) -> str:
        return name_of_kind(event.kind)

    @admin.display(description=gettext_lazy("item"))
    def item(self, event: Event) -> str:
        if not event.item_id:
            return "-"
        address = reverse("admin:persona_item_change", args=[event.item_id])
        return format_html(
            '<a href="{}">{}</a>', address, getattr(event, "item_title", "") or event.item_id
        )

    @admin.display(description=gettext_lazy("shopper"))
    def who(self, event: Event) -> str:
        """By their number, which leads to all they did."""
        address = reverse("admin:persona_event_changelist")
        return format_html('<a href="{}?q={}">{}</a>', address, event.shopper, event.shopper)

    @admin.display(description=gettext_lazy("value"))
    def said(self, event: Event) -> str:
        """A share or a confidence in per cent, a time in seconds."""
        if event.kind in SHARES or event.kind in DERIVED:
            return _("%(percent)d %%") % {"percent": round(event.value / 10)}
        if event.kind == Kind.DWELL:
            return _("%(seconds)d s") % {"seconds": event.value}
        return str(event.value or "-")

    @admin.display(description=gettext_lazy("basis"))
    def basis_name(self, event: Event) -> str:
        return Basis(event.basis).name.lower() if event.basis in set(Basis) else str(event.basis)


def _is_a_shopper(words: str) -> bool:
    """Whether it is the number of somebody who did anything; items have numbers, too."""
    return bool(_NUMBER.fullmatch(words)) and Event.objects.filter(shopper=int(words)).exists()


def _newest(events: QuerySet[Event]) -> QuerySet[Event]:
    """As many of them as are counted; those of the same second as the last one come along."""
    last = UncountedPaginator.COUNT_UP_TO - 1
    oldest = events.order_by("-at").values_list("at", flat=True)[last : last + 1].first()
    return events if oldest is None else events.filter(at__gte=oldest)
