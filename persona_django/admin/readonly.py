"""Tables that people may look at and only the app may write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.formats import number_format
from django.utils.functional import cached_property
from django.utils.translation import gettext as _


class UncountedPaginator(Paginator):
    """Pages through a large table without counting all of it: counting millions takes seconds.

    Only the first ten thousand rows can be paged to; filters and search reach the others.
    """

    COUNT_UP_TO = 10_000

    @cached_property
    def count(self) -> int:
        """The number of rows, and ten thousand where there are more."""
        if not isinstance(self.object_list, QuerySet):
            return len(self.object_list)
        ordered = self.object_list.order_by().values_list("pk", flat=True)
        return len(ordered[: self.COUNT_UP_TO])


class ReadOnlyAdmin(admin.ModelAdmin):
    """Shows rows and changes none; binary columns stay out of sight."""

    paginator = UncountedPaginator
    show_full_result_count = False
    # They count every row of a table, once for each choice of a filter.
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    actions: Sequence[str] | None = None

    is_internal = False
    """Whether its rows say something to operators in search of a fault only: such a table is
    opened by its address, and keeps the index to what people work with."""
    newest_first = False
    """Whether that is the order, which the heading says and no column can be clicked to change."""
    unread: Sequence[str] = ()
    """Columns that are large and shown nowhere, which are not read."""

    class Media:
        css = {"all": ("persona/admin.css",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer(*self.unread)

    def extra_of(self, request: HttpRequest, shown: Any) -> dict[str, Any]:
        """What a row's own page says beyond its columns; None is shown to whoever may not look."""
        return {}

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        allowed = self.has_view_permission(request)
        shown = self.get_object(request, unquote(object_id)) if allowed else None
        extra = {**self.extra_of(request, shown), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, extra_context=extra)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        shown = super().changelist_view(request, extra_context)
        found = getattr(shown, "context_data", None) or {}
        if "cl" in found:
            found["subtitle"] = self._said_of(found["cl"].result_count)
        return shown

    def _said_of(self, rows: int) -> str:
        """In which order they stand, and whether these are all."""
        most = UncountedPaginator.COUNT_UP_TO
        if rows < most:
            return _("newest first") if self.newest_first else ""
        if self.newest_first:
            said = _("%(count)s or more; the newest %(count)s are listed")
        else:
            said = _("%(count)s or more; the first %(count)s are listed")
        return said % {"count": number_format(most, force_grouping=True)}

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        return {} if self.is_internal else super().get_model_perms(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
