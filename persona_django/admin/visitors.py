"""Browsers that may be recognised, and who of them is taken for a program."""

from __future__ import annotations

from django.contrib import admin, messages
from django.contrib.auth import get_permission_codename
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from persona_django.admin.readonly import ReadOnlyAdmin
from persona_django.identity import standing
from persona_django.identity.models import Visitor


@admin.register(Visitor)
class VisitorAdmin(ReadOnlyAdmin):
    """When and for what they agreed, not who they are; and whether what they do counts."""

    list_display = ("created_at", "purposes", "signed_in", "standing", "rank", "reason")
    list_filter = ("standing",)
    fields = ("created_at", "purposes", "signed_in", "standing", "rank", "reason")
    readonly_fields = fields
    ordering = ("key",)
    actions = ("are_people",)

    @admin.display(boolean=True, description=_("linked to an account"))
    def signed_in(self, visitor: Visitor) -> bool:
        return visitor.account is not None

    @admin.action(description=_("These are people, no robots"), permissions=("judge",))
    def are_people(self, request: HttpRequest, visitors: QuerySet[Visitor]) -> None:
        keys = list(visitors.values_list("key", flat=True))
        n = standing.clear(keys)
        for visitor in visitors:
            self.log_change(request, visitor, str(_("A person, no robot.")))
        said = ngettext("%d visitor is a person.", "%d visitors are people.", n) % n
        self.message_user(request, said, messages.SUCCESS)

    def has_judge_permission(self, request: HttpRequest) -> bool:
        """Whoever may change visitors, although nothing else of them can be changed here."""
        codename = get_permission_codename("change", self.opts)
        return request.user.has_perm(f"{self.opts.app_label}.{codename}")
