"""Browsers that may be recognised, and who of them is taken for a program."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timezone

from django.contrib import admin, messages
from django.contrib.auth import get_permission_codename
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import formats
from django.utils.html import format_html, format_html_join
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from persona_django.admin.readonly import ReadOnlyAdmin
from persona_django.identity import standing
from persona_django.identity.models import Visitor
from persona_django.numeric.durations import DAY_SECONDS
from persona_django.tracking.context import UNKNOWN_HOUR, Device, Entry
from persona_django.tracking.visits import VisitColumns, read_visits

DAYS_SHOWN, VISITS_SHOWN = 30, 20


@admin.register(Visitor)
class VisitorAdmin(ReadOnlyAdmin):
    """When and for what they agreed, not who they are; and whether what they do counts."""

    list_display = ("created_at", "standing", "reason", "agreed_to", "signed_in")
    list_filter = ("standing",)
    fields = (*list_display, "rank", "events", "visits")
    readonly_fields = fields
    newest_first = True
    ordering = ("-created_at", "-key")
    sortable_by = ()
    actions = ("are_people",)

    @admin.display(description=_("agreed to"))
    def agreed_to(self, visitor: Visitor) -> str:
        return ", ".join(visitor.purposes.split(",")) or "-"

    @admin.display(description=_("its events"))
    def events(self, visitor: Visitor) -> str:
        """The number by which events know this visitor, which leads to them."""
        address = reverse("admin:persona_event_changelist")
        return format_html('<a href="{}?q={}">{}</a>', address, visitor.key, visitor.key)

    @admin.display(boolean=True, description=_("linked to an account"))
    def signed_in(self, visitor: Visitor) -> bool:
        return visitor.account is not None

    @admin.display(description=_("visits of the last 30 days"))
    def visits(self, visitor: Visitor) -> str:
        """When they came, for how long, on what and how: what a verdict may be checked by."""
        since = int(time.time()) - DAYS_SHOWN * DAY_SECONDS
        found = read_visits([visitor.key], since=since, store=visitor.store)
        if not len(found):
            return "-"
        heads = (_("began"), _("minutes"), _("pages"), _("events"), _("device"), _("came by"),
                 _("local hour"))  # fmt: skip
        return format_html(
            '<div class="persona-wide"><table><thead><tr>{}</tr></thead>'
            "<tbody>{}</tbody></table></div>",
            format_html_join("", "<th>{}</th>", ((head,) for head in heads)),
            format_html_join("", f"<tr>{'<td>{}</td>' * len(heads)}</tr>", _newest(found)),
        )

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


def _newest(visits: VisitColumns) -> Iterator[tuple[object, ...]]:
    """The last visits in words, the newest first."""
    for row in range(len(visits) - 1, max(len(visits) - 1 - VISITS_SHOWN, -1), -1):
        start, hour = int(visits.start[row]), int(visits.hour[row])
        yield (
            formats.localize(localtime(datetime.fromtimestamp(start, tz=timezone.utc))),
            round((int(visits.end[row]) - start) / 60),
            int(visits.views[row]),
            int(visits.events[row]),
            Device(int(visits.device[row])).name.lower(),
            Entry(int(visits.entry[row])).name.lower(),
            "-" if hour == UNKNOWN_HOUR else f"{hour}:00",
        )
