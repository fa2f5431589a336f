"""Pairs that merchants vouch for, until what shoppers do outweighs their word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from persona_django.catalogue.models import Item
from persona_django.merchandising.models import SuggestedPair
from persona_django.merchandising.suggestions import faults_of


class SuggestedPairForm(forms.ModelForm):
    """Refuses what no page would ever show, and says why."""

    class Meta:
        model = SuggestedPair
        fields = ("relation", "item", "other", "strength", "reason", "expires_at")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        item, other = cleaned.get("item"), cleaned.get("other")
        if item and other:
            (fault,) = faults_of([(item, other)], store=item.store)
            if fault:
                self.add_error("other", fault)
        return cleaned


_LATER = gettext_lazy(
    "The shop's pages follow with the next version that goes live, once a rebuild has learnt it."
)


@admin.register(SuggestedPair)
class SuggestedPairAdmin(admin.ModelAdmin):
    """What goes with what by a merchant's word. It counts from the next rebuild on, as if so many
    customers had done so; who said it and who took it back stands in the item's history."""

    form = SuggestedPairForm
    autocomplete_fields = ("item", "other")
    list_display = ("pair", "relation", "strength", "reason", "expires_at", "created_at")
    list_display_links = ("pair",)
    list_filter = ("relation",)
    search_fields = ("reason", "item__title", "other__title")
    ordering = ("-id",)
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[SuggestedPair]:
        # Not joined: a pair whose item is gone is to be seen, and withdrawn.
        return super().get_queryset(request).prefetch_related("item", "other")

    @admin.display(description=gettext_lazy("pair"))
    def pair(self, suggested: SuggestedPair) -> str:
        return str(suggested)

    def save_model(
        self, request: HttpRequest, obj: SuggestedPair, form: Any, change: bool
    ) -> None:
        before = SuggestedPair.objects.get(pk=obj.pk) if change else None
        super().save_model(request, obj, form, change)
        if before is None or _named(before) != _named(obj):
            self._tell(request, _WITHDREW, [before] if before else [])
            self._tell(request, _SUGGESTED, [obj])
        elif form.changed_data:
            self._tell(request, _CHANGED, [obj])
        messages.info(request, str(_LATER))

    def delete_model(self, request: HttpRequest, obj: SuggestedPair) -> None:
        super().delete_model(request, obj)
        self._tell(request, _WITHDREW, [obj])
        messages.info(request, str(_LATER))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[SuggestedPair]) -> None:
        withdrawn = list(queryset)
        super().delete_queryset(request, queryset)
        self._tell(request, _WITHDREW, withdrawn)
        messages.info(request, str(_LATER))

    def _tell(self, request: HttpRequest, said: Promise, pairs: Sequence[SuggestedPair]) -> None:
        """Write it into the history of the items they are beside: a pair's own goes with it."""
        items = Item.objects.in_bulk({pair.item_id for pair in pairs})
        for pair in pairs:
            if pair.item_id in items:
                told = {"pair": pair, "list": pair.get_relation_display()}
                self.log_change(request, items[pair.item_id], str(said) % told)


def _named(pair: SuggestedPair) -> tuple[int, int, int]:
    return pair.relation, pair.item_id, pair.other_id


_SUGGESTED = gettext_lazy("Suggested in “%(list)s”: %(pair)s.")
_CHANGED = gettext_lazy("Changed what is suggested in “%(list)s”: %(pair)s.")
_WITHDREW = gettext_lazy("Withdrew what was suggested in “%(list)s”: %(pair)s.")
