"""An item as merchants know it: picture, title, and what it is shown beside, with the counts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from persona_django.admin.neighbours import family_of, picture_of, relations_of, stand_ins_of
from persona_django.admin.readonly import ReadOnlyAdmin
from persona_django.catalogue import money
from persona_django.catalogue.models import Item
from persona_django.merchandising.decisions import hide_pair, show_pair
from persona_django.similarity.relations import RELATIONS

STATES = {
    "sale": gettext_lazy("on sale"),
    "sold_out": gettext_lazy("sold out"),
    "off": gettext_lazy("switched off"),
    "gone": gettext_lazy("retired"),
}
"""What an item is for the shop's visitors, in the words of `persona_status`."""

_LISTED = Q(retired_at__isnull=True)
_IN_STATE = {
    "sale": _LISTED & Q(available=True) & (Q(stock__isnull=True) | Q(stock__gt=0)),
    "sold_out": _LISTED & Q(available=True, stock__lte=0),
    "off": _LISTED & Q(available=False),
    "gone": ~_LISTED,
}


def state_of(item: Item) -> str:
    """Which of the states an item is in: only what is on sale can be shown anywhere."""
    if item.retired_at is not None:
        return "gone"
    if not item.available:
        return "off"
    return "sold_out" if item.stock is not None and item.stock <= 0 else "sale"


class StateFilter(admin.SimpleListFilter):
    """On sale, sold out, switched off, or gone from the shop's catalogue."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(STATES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Item]) -> QuerySet[Item]:
        return queryset.filter(_IN_STATE.get(self.value() or "", Q()))


@admin.register(Item)
class ItemAdmin(ReadOnlyAdmin):
    """The mirrored catalogue. Change products in the shop's own admin; here is what we know."""

    list_display = ("picture", "title", "category", "brand", "shown_price", "stock", "state")
    list_display_links = ("picture", "title")
    list_filter = (StateFilter,)
    search_fields = ("title", "key")
    ordering = ("-id",)
    fields = (
        "picture", "title", "model", "key", "category", "brand", "shown_price", "stock",
        "state", "shown_attributes", "retired_at",
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

    @admin.display(description=gettext_lazy("state"))
    def state(self, item: Item) -> str:
        return str(STATES[state_of(item)])

    @admin.display(description=gettext_lazy("attributes"))
    def shown_attributes(self, item: Item) -> str:
        return ", ".join(f"{name}: {_said(it)}" for name, it in item.attributes.items()) or "-"

    def get_urls(self) -> list[URLPattern]:
        hide = self.admin_site.admin_view(require_POST(self._hide))
        show = self.admin_site.admin_view(require_POST(self._show))
        return [
            path("<int:pk>/hide/<int:other>/", hide, name="persona_hide_pair"),
            path("<int:pk>/show/<int:other>/", show, name="persona_show_pair"),
            *super().get_urls(),
        ]

    def _hide(self, request: HttpRequest, pk: int, other: int) -> HttpResponse:
        """Never show `other` beside this item again, and come back to the item's page."""
        item, neighbour = self._pair(request, pk, other)
        family, hidden = family_of(item), family_of(neighbour)
        if family == hidden:
            messages.error(request, _("An item and its own variants are never shown together."))
        else:
            hide_pair(family, hidden, reason=request.POST.get("reason", ""), store=item.store)
            self.log_change(request, item, _("Hid %s beside it.") % neighbour)
            self._say(request, _HIDDEN, item, neighbour)
        return _back_to(item, request, other)

    def _show(self, request: HttpRequest, pk: int, other: int) -> HttpResponse:
        """Take back that `other` is hidden beside this item, and come back to the item's page."""
        item, neighbour = self._pair(request, pk, other)
        if show_pair(family_of(item), family_of(neighbour), store=item.store):
            self.log_change(request, item, _("Shows %s beside it again.") % neighbour)
            self._say(request, _SHOWN, item, neighbour)
        else:
            messages.info(request, _("Nothing hides that pair any more."))
        return _back_to(item, request, other)

    def _pair(self, request: HttpRequest, pk: int, other: int) -> tuple[Item, Item]:
        """The two items, for whoever may decide on pairs."""
        if not request.user.has_perm("persona.add_pairdecision"):
            raise PermissionDenied
        return get_object_or_404(Item, pk=pk), get_object_or_404(Item, pk=other)

    def _say(self, request: HttpRequest, text: Promise, item: Item, other: Item) -> None:
        messages.success(request, str(text) % {"item": item, "other": other})

    def extra_of(self, request: HttpRequest, shown: Item | None) -> dict[str, Any]:
        return {
            "relations": relations_of(shown) if shown else [],
            "stand_ins": stand_ins_of(shown) if shown else [],
            "can_hide": request.user.has_perm("persona.add_pairdecision"),
            "can_suggest": request.user.has_perm("persona.add_suggestedpair"),
        }


_HIDDEN = gettext_lazy(
    "Hidden: %(other)s is not offered beside %(item)s any more, in any block. Beside %(other)s, "
    "%(item)s is still offered. The shop's pages follow within a second."
)
_SHOWN = gettext_lazy(
    "%(other)s may be offered beside %(item)s again. The shop's pages follow within a second."
)


def of_item(field: str, column: str) -> Subquery:
    """What the catalogue says of the item that a row names by `field`, by its primary key."""
    return Subquery(Item.objects.filter(pk=OuterRef(field)).values(column)[:1])


def _back_to(item: Item, request: HttpRequest, other: int) -> HttpResponse:
    """To the row in which the button was pressed, where the form says in which list that was."""
    address, name = reverse("admin:persona_item_change", args=[item.pk]), request.POST.get("list")
    return HttpResponseRedirect(f"{address}#{name}-{other}" if name in RELATIONS else address)


def _said(value: Any) -> str:
    """One attribute's value as a shopper would read it."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return " / ".join(map(str, value)) if isinstance(value, list) else str(value)
