"""The app's own records, for looking up, never for changing."""

from __future__ import annotations

from datetime import date, timedelta

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from persona_django.admin.moments import TimedAdmin, moment
from persona_django.admin.readonly import ReadOnlyAdmin
from persona_django.artefacts.models import Artefact, ArtefactPart
from persona_django.catalogue.models import State
from persona_django.feedback.models import ServedSlate
from persona_django.identity.models import Restriction
from persona_django.importing.models import ImportRun
from persona_django.model_registry.leases import waiting
from persona_django.model_registry.models import Lease
from persona_django.similarity.models import NeighbourRow
from persona_django.tracking.models import (
    DropCount,
    Folding,
    Intent,
    UsedNonce,
    WeekEvidence,
)


@admin.register(WeekEvidence)
class WeekEvidenceAdmin(ReadOnlyAdmin):
    """Weeks that were counted, without who did what in them."""

    is_internal = True
    unread = ("data",)
    list_display = ("begins", "store", "part", "parts")
    fields = ("begins", "store", "generation", "part", "parts")
    readonly_fields = fields
    ordering = ("-week", "part")

    @admin.display(description=_("week of"), ordering="week")
    def begins(self, evidence: WeekEvidence) -> date:
        return date(1970, 1, 1) + timedelta(weeks=evidence.week)


@admin.register(Folding)
class FoldingAdmin(ReadOnlyAdmin):
    """How far the weeks of each store are counted."""

    is_internal = True
    list_display = ("store", "counted_until", "looked")
    fields = ("store", "counted_until", "looked", "due")
    readonly_fields = fields

    @admin.display(description=_("counted until"))
    def counted_until(self, state: Folding) -> str:
        return moment(state.until)

    @admin.display(description=_("last looked at"))
    def looked(self, state: Folding) -> str:
        return moment(state.looked_at)


@admin.register(Intent)
class IntentAdmin(TimedAdmin):
    """What was asked for by filters and sorting. Words are shown nowhere beside a visitor."""

    list_display = ("kind", "name", "happened", "results")
    fields = list_display
    readonly_fields = fields


@admin.register(DropCount)
class DropCountAdmin(ReadOnlyAdmin):
    """What was refused or lost, by day and reason."""

    list_display = ("on", "reason", "times")
    fields = ("on", "reason", "times")
    readonly_fields = fields
    ordering = ("-day", "-n")

    @admin.display(description=_("times"), ordering="n")
    def times(self, count: DropCount) -> int:
        return count.n

    @admin.display(description=_("day"), ordering="day")
    def on(self, count: DropCount) -> date:
        return date(1970, 1, 1) + timedelta(days=count.day)


@admin.register(UsedNonce)
class UsedNonceAdmin(ReadOnlyAdmin):
    """Signed messages that were taken in lately."""

    is_internal = True
    list_display = ("taken_in",)
    fields = ("taken_in",)
    readonly_fields = fields
    ordering = ("-at",)

    @admin.display(description=_("when"))
    def taken_in(self, nonce: UsedNonce) -> str:
        return moment(nonce.at)


@admin.register(ServedSlate)
class ServedSlateAdmin(TimedAdmin):
    """Slates as the script reported them: which block, how much was seen, chosen, dismissed."""

    list_display = ("block", "happened", "slots", "seen_slots", "clicked_slots", "dismissed_slots")
    fields = list_display
    readonly_fields = fields

    @admin.display(description=_("slots"))
    def slots(self, slate: ServedSlate) -> int:
        return len(bytes(slate.items)) // 8

    @admin.display(description=_("seen"))
    def seen_slots(self, slate: ServedSlate) -> int:
        return slate.seen.bit_count()

    @admin.display(description=_("chosen"))
    def clicked_slots(self, slate: ServedSlate) -> int:
        return slate.clicked.bit_count()

    @admin.display(description=_("dismissed"))
    def dismissed_slots(self, slate: ServedSlate) -> int:
        return slate.dismissed.bit_count()


@admin.register(Restriction)
class RestrictionAdmin(ReadOnlyAdmin):
    """Who is left alone, by a number that names nobody: erased for good, or paused."""

    list_display = ("kind", "since", "ends")
    fields = ("kind", "since", "ends")
    readonly_fields = fields
    ordering = ("-at",)

    @admin.display(description=_("since"))
    def since(self, restriction: Restriction) -> str:
        return moment(restriction.at)

    @admin.display(description=_("goes by itself"))
    def ends(self, restriction: Restriction) -> str:
        return moment(restriction.until or 0)


@admin.register(ImportRun)
class ImportRunAdmin(ReadOnlyAdmin):
    """Files that were imported, and how far each came."""

    list_display = (
        "filename", "rows_done", "stored", "repeated", "rejected", "started_at", "finished_at"
    )  # fmt: skip
    ordering = ("-id",)


@admin.register(Lease)
class LeaseAdmin(ReadOnlyAdmin):
    """Jobs: who runs what, when it last finished, and what went wrong."""

    list_display = ("name", "state", "holder", "running_until", "finished", "attempts", "said")
    fields = (
        "name", "state", "holder", "fence", "running_until", "finished", "attempts", "said"
    )  # fmt: skip
    readonly_fields = fields
    ordering = ("name",)

    @admin.display(description=_("state"))
    def state(self, lease: Lease) -> str:
        return str(_("waits for a person")) if waiting(lease) else ""

    @admin.display(description=_("what went wrong, and what to do"))
    def said(self, lease: Lease) -> str:
        return waiting(lease) or lease.note

    @admin.display(description=_("runs until at most"))
    def running_until(self, lease: Lease) -> str:
        return moment(lease.expires_at)

    @admin.display(description=_("last finished"))
    def finished(self, lease: Lease) -> str:
        return moment(lease.done_at)


@admin.register(State)
class StateAdmin(ReadOnlyAdmin):
    """Revisions and live versions that every process follows."""

    is_internal = True
    list_display = ("name", "store", "value", "changed_at")
    ordering = ("store", "name")


@admin.register(Artefact)
class ArtefactAdmin(ReadOnlyAdmin):
    """Packed arrays: snapshots of the catalogue and learnt columns."""

    is_internal = True
    list_display = ("name", "schema", "size", "parts", "created_at")
    ordering = ("-id",)


@admin.register(ArtefactPart)
class ArtefactPartAdmin(ReadOnlyAdmin):
    """Pieces of artefacts, listed without their bytes."""

    is_internal = True
    unread = ("data",)
    list_display = ("artefact_id", "number")
    fields = ("artefact", "number")
    readonly_fields = fields


@admin.register(NeighbourRow)
class NeighbourRowAdmin(ReadOnlyAdmin):
    """Packed neighbour lists; an item's own page shows them as pictures and words."""

    is_internal = True
    unread = ("data",)
    list_display = ("item_id", "relation", "version_id")
    fields = ("item_id", "relation", "version_id")
    readonly_fields = fields
    ordering = ("-id",)
