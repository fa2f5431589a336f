"""Pairs that a merchant decided on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from persona_django.admin.items import of_item
from persona_django.catalogue.models import Item
from persona_django.merchandising.decisions import announce
from persona_django.merchandising.models import PairDecision


@admin.register(PairDecision)
class PairDecisionAdmin(admin.ModelAdmin):
    """Verdicts on pairs, in words. Every change reaches the shop's pages within a second.

    Pairs are hidden from an item's own page, where both can be seen; here they are looked up,
    given another reason or expiry, and withdrawn.
    """

    list_display = ("pair", "approved", "reason", "expires_at", "created_at")
    list_filter = ("approved",)
    # Looked up pair by pair by the items' primary keys: what merchants decided is little beside a
    # catalogue, which is not read for it.
    search_fields = ("reason", "item_title", "other_title", "=item_key", "=other_key")
    search_help_text = _("Words of the reason or of a title, or an item's number in the shop.")
    ordering = ("-id",)
    readonly_fields = ("pair", "created_at")
    fields = ("pair", "approved", "reason", "expires_at", "created_at")
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.display(description=_("pair"))
    def pair(self, decision: PairDecision) -> str:
        gone = _("an item that is gone")
        return _("%(other)s beside %(item)s") % {
            "other": getattr(decision, "other_title", None) or gone,
            "item": getattr(decision, "item_title", None) or gone,
        }

    def get_queryset(self, request: HttpRequest) -> QuerySet[PairDecision]:
        found = super().get_queryset(request)
        return found.annotate(
            item_title=of_item("item_id", "title"), other_title=of_item("other_id", "title")
        ).alias(item_key=of_item("item_id", "key"), other_key=of_item("other_id", "key"))

    def save_model(self, request: HttpRequest, obj: PairDecision, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        _announce([obj.item_id])

    def delete_model(self, request: HttpRequest, obj: PairDecision) -> None:
        super().delete_model(request, obj)
        _announce([obj.item_id])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[PairDecision]) -> None:
        decided = list(queryset.values_list("item_id", flat=True))
        super().delete_queryset(request, queryset)
        _announce(decided)


def _announce(item_ids: Iterable[int]) -> None:
    """Tell the processes of every store that these items are of."""
    found = Item.objects.filter(pk__in=item_ids).values_list("store", flat=True).distinct()
    for store in set(found) or {1}:
        announce(store)
