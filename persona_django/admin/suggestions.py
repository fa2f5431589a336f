"""Pairs that merchants vouch for, until what shoppers do outweighs their word."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

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
    customers had done so; who said it and who took it back stands in each pair's history."""

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
        super().save_model(request, obj, form, change)
        messages.info(request, str(_LATER))

    def delete_model(self, request: HttpRequest, obj: SuggestedPair) -> None:
        super().delete_model(request, obj)
        messages.info(request, str(_LATER))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[SuggestedPair]) -> None:
        super().delete_queryset(request, queryset)
        messages.info(request, str(_LATER))
