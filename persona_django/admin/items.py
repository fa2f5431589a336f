"""An item as merchants know it: picture, title, and what it is shown beside, with the counts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from persona_django.admin.readonly import ReadOnlyAdmin
from persona_django.catalogue import money
from persona_django.catalogue.links import safe_url
from persona_django.catalogue.models import Item
from persona_django.catalogue.snapshot import current_snapshot
from persona_django.merchandising.decisions import hide_pair
from persona_django.merchandising.models import PairDecision
from persona_django.similarity.lookup import neighbours_of
from persona_django.similarity.relations import RELATIONS


@dataclass(frozen=True, kw_only=True)
class NeighbourLine:
    """One neighbour in the words and numbers of its row."""

    item: Item | None
    item_id: int
    score: float
    support: int
    support_of: int
    log_likelihood: float
    hidden: bool

    @property
    def picture(self) -> str:
        """Its first picture, small."""
        return picture_of(self.item)


class OnSaleFilter(admin.SimpleListFilter):
    """On sale, or gone from the shop's catalogue."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("sale", _("on sale")), ("gone", _("retired"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() is None:
            return queryset
        return queryset.filter(retired_at__isnull=self.value() == "sale")


@admin.register(Item)
class ItemAdmin(ReadOnlyAdmin):
    """The mirrored catalogue. Change products in the shop's own admin; here is what we know."""

    list_display = ("picture", "title", "category", "brand", "shown_price", "stock", "on_sale")
    list_display_links = ("picture", "title")
    list_filter = (OnSaleFilter,)
    search_fields = ("title", "key")
    ordering = ("-id",)
    fields = (
        "picture", "title", "model", "key", "category", "brand", "shown_price", "stock",
        "available", "attributes", "retired_at",
    )  # fmt: skip
    readonly_fields = fields
    change_form_template = "admin/persona/item/change_form.html"

    @admin.display(description=gettext_lazy("picture"))
    def picture(self, item: Item) -> str:
        return picture_of(item)

    @admin.display(description=gettext_lazy("price"), ordering="price")
    def shown_price(self, item: Item) -> str:
        places = money.exponent(item.currency)
        amount = Decimal(item.price).scaleb(-places)
        return f"{number_format(amount, decimal_pos=places, force_grouping=True)} {item.currency}"

    @admin.display(description=gettext_lazy("on sale"), boolean=True)
    def on_sale(self, item: Item) -> bool:
        return item.retired_at is None and item.available

    def get_urls(self) -> list[URLPattern]:
        hide = self.admin_site.admin_view(require_POST(self._hide))
        return [
            path("<int:pk>/hide/<int:other>/", hide, name="persona_hide_pair"),
            *super().get_urls(),
        ]

    def _hide(self, request: HttpRequest, pk: int, other: int) -> HttpResponse:
        """Never show `other` beside this item again, and come back to the item's page."""
        if not request.user.has_perm("persona.add_pairdecision"):
            raise PermissionDenied
        item, neighbour = get_object_or_404(Item, pk=pk), get_object_or_404(Item, pk=other)
        family, hidden = family_of(item), family_of(neighbour)
        if family == hidden:
            messages.error(request, _("An item and its own variants are never shown together."))
        else:
            hide_pair(family, hidden, reason=request.POST.get("reason", ""))
            self.log_change(request, item, _("Hid %s beside it.") % neighbour)
            messages.success(request, _("Hidden. The shop's pages follow within a second."))
        return HttpResponseRedirect(reverse("admin:persona_item_change", args=[pk]))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        allowed = self.has_view_permission(request)
        item = self.get_object(request, unquote(object_id)) if allowed else None
        extra = {
            "relations": relations_of(item) if item else [],
            "can_hide": request.user.has_perm("persona.add_pairdecision"),
            **(extra_context or {}),
        }
        return super().change_view(request, object_id, form_url, extra_context=extra)


_HEADINGS = {
    "similar": gettext_lazy("Similar: liked by the same shoppers"),
    "bought-together": gettext_lazy("Bought together: in the same orders"),
}


def picture_of(item: Item | None) -> str:
    """The item's first picture, small; nothing where it has none."""
    address = item.images[0] if item and item.images else ""
    if not safe_url(address):
        return "–"
    return format_html('<img src="{}" alt="" width="48" height="48" loading="lazy">', address)


def family_of(item: Item) -> int:
    """The family that relations know this item by."""
    snapshot = current_snapshot(item.store)
    if snapshot is None:
        return item.pk
    found = int(snapshot.group_of(np.array([item.pk], dtype=np.int64))[0])
    return found if found > 0 else item.pk


def relations_of(item: Item) -> list[tuple[str, list[NeighbourLine]]]:
    """Every relation's live neighbours of this item, with pictures, scores and support."""
    family = family_of(item)
    rows = neighbours_of([family], store=item.store)
    shown = {int(other) for row in rows.values() for other in row.item_id}
    items = Item.objects.in_bulk(shown)
    hidden = set(
        PairDecision.objects.filter(item_id=family, approved=False).values_list(
            "other_id", flat=True
        )
    )
    sections = []
    for name, relation in RELATIONS.items():
        row = rows.get((relation, family))
        lines = [] if row is None else [
            NeighbourLine(
                item=items.get(int(other)),
                item_id=int(other),
                score=float(score),
                support=int(support),
                support_of=int(row.item_support),
                log_likelihood=float(llr),
                hidden=int(other) in hidden,
            )
            for other, score, support, llr in zip(
                row.item_id, row.score, row.support, row.llr, strict=True
            )
        ]  # fmt: skip
        sections.append((str(_HEADINGS[name]), lines))
    return sections
