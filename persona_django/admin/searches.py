"""What crowds search for, what was found useful after it, and what came of what leads nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.contrib import admin
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from persona_django.admin.moments import moment
from persona_django.admin.neighbours import picture_of
from persona_django.admin.readonly import ReadOnlyAdmin
from persona_django.artefacts import store as artefacts
from persona_django.catalogue.models import Item
from persona_django.exceptions import BadArtefact
from persona_django.model_registry.live import SEARCH_FINDS, SEARCHES_SCHEMA, live_artefact
from persona_django.numeric.inference import share_at_least
from persona_django.sources.searches import Finds, KnownSearches
from persona_django.tracking.finds import key_of
from persona_django.tracking.models import SearchFind, SearchTerm

LISTED = 3
"""Things named in the list of searches; the page of a search has all of them."""


@dataclass(frozen=True, kw_only=True)
class FoundLine:
    """One thing that was found, and how many visitors found it."""

    item: Item | None
    item_id: int
    visitors: int

    @property
    def picture(self) -> str:
        """Its first picture, small."""
        return picture_of(self.item)

    def __str__(self) -> str:
        return str(self.item or self.item_id)


@dataclass(frozen=True, kw_only=True)
class Section:
    """One list of the page of a search."""

    title: str
    lines: Sequence[FoundLine]
    if_empty: str


def live_searches(store: int) -> KnownSearches | None:
    """What the live version knows; None before there is one, or where it cannot be read."""
    artefact = live_artefact(SEARCH_FINDS, store)
    try:
        arrays = artefacts.load(artefact, schema=SEARCHES_SCHEMA) if artefact else None
        return None if arrays is None else KnownSearches(arrays)
    except (BadArtefact, *artefacts.OF_ANOTHER_SHAPE):
        return None


def sections_of(terms: Sequence[SearchTerm]) -> dict[int, list[Section]]:
    """By search: what was found useful after it, and what was bought in the end. One query for
    the titles of all of them, beside those of the live version."""
    known = {store: live_searches(store) for store in {term.store for term in terms}}
    lists = {}
    for term in terms:
        of, key = known[term.store], key_of(term.words)
        lists[term.pk] = (
            [] if of is None else [of.found_after(key), of.bought_in_the_end(key)],
            of is not None and of.leads_nowhere(key),
        )
    shown = {
        one for found, _ in lists.values() for finds in found for one in finds.group_id.tolist()
    }
    items = Item.objects.in_bulk(shown)
    return {pk: list(_sections(found, dead, items)) for pk, (found, dead) in lists.items()}


def _sections(found: Sequence[Finds], dead: bool, items: dict[int, Item]) -> Any:
    lines = [
        [
            FoundLine(item=items.get(group), item_id=group, visitors=visitors)
            for group, visitors in zip(one.group_id.tolist(), one.visitors.tolist(), strict=True)
        ]
        for one in found
    ] or [[], []]
    yield Section(
        title=_("Found useful after it"),
        lines=lines[0],
        if_empty=_("No crowd found the same after it yet, or nothing was learnt since."),
    )
    if dead:
        yield Section(
            title=_("It leads nowhere: bought in the end"),
            lines=lines[1],
            if_empty=_("No crowd of those who searched so bought the same later in that visit."),
        )


class NowhereFilter(admin.SimpleListFilter):
    """Searches of which half or more came to nothing, or had no result."""

    title = gettext_lazy("leads nowhere")
    parameter_name = "nowhere"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("half", gettext_lazy("half of the time or more"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[SearchTerm]
    ) -> QuerySet[SearchTerm]:
        if self.value() != "half":
            return queryset
        half = F("asked") / 2.0
        return queryset.filter(Q(dead__gte=half) | Q(without_results__gte=half))


@admin.register(SearchTerm)
class SearchTermAdmin(ReadOnlyAdmin):
    """What shoppers search for, once a crowd has, how often nothing came of it, and what did."""

    list_display = ("words", "asked", "dead", "led_nowhere", "without_results", "found", "last")
    list_filter = (NowhereFilter,)
    fields = ("words", "visitors", "asked", "dead", "led_nowhere", "without_results", "last")
    readonly_fields = fields
    ordering = ("-asked", "id")
    search_fields = ("words",)
    change_form_template = "admin/persona/searchterm/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[SearchTerm]:
        return super().get_queryset(request).exclude(words="").defer("marks")

    @admin.display(description=gettext_lazy("leads nowhere"))
    def led_nowhere(self, term: SearchTerm) -> str:
        """How often at the least, as sure as so many visits make it."""
        found = share_at_least(np.array([min(term.dead, term.asked)]), np.array([term.asked]))
        return _("at least %(percent)d %%") % {"percent": int(100 * found[0])}

    @admin.display(description=gettext_lazy("last asked"))
    def last(self, term: SearchTerm) -> str:
        return moment(term.last_at)

    @admin.display(description=gettext_lazy("what was found, or bought in the end"))
    def found(self, term: SearchTerm) -> str:
        """The first few things, of which the page of the search tells more."""
        sections: list[Section] = getattr(term, "sections", [])
        lines = next((section.lines for section in sections if section.lines), [])
        return ", ".join(map(str, lines[:LISTED])) or "-"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        listed = (getattr(response, "context_data", None) or {}).get("cl")
        if listed is not None:
            # Once for the page, and not row by row.
            listed.result_list = list(listed.result_list)
            sections = sections_of(listed.result_list)
            for term in listed.result_list:
                term.sections = sections[term.pk]
        return response

    def extra_of(self, request: HttpRequest, shown: SearchTerm | None) -> dict[str, Any]:
        return {"sections": sections_of([shown])[shown.pk] if shown else []}


@admin.register(SearchFind)
class SearchFindAdmin(ReadOnlyAdmin):
    """Counts behind what was found after searches; the page of a search shows them in words."""

    is_internal = True
    list_display = ("what", "item_id", "visitors", "last")
    fields = list_display
    readonly_fields = fields
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SearchFind]:
        return super().get_queryset(request).filter(what__gt=0).defer("marks")

    @admin.display(description=gettext_lazy("last found"))
    def last(self, find: SearchFind) -> str:
        return moment(find.last_at)
