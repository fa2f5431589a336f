"""The app's own records, for looking up, never for changing."""

from __future__ import annotations

from datetime import datetime, timezone

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from persona_django.admin.readonly import ReadOnlyAdmin
from persona_django.artefacts.models import Artefact, ArtefactPart
from persona_django.catalogue.models import State
from persona_django.identity.models import Visitor
from persona_django.model_registry.models import Lease
from persona_django.similarity.models import NeighbourRow
from persona_django.tracking.models import Event, ImportRun
from persona_django.tracking.schema import Kind


def moment(seconds: int) -> datetime | None:
    """Seconds since 1970 as a date that the admin shows in the reader's time zone."""
    return datetime.fromtimestamp(seconds, tz=timezone.utc) if seconds else None


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """What happened, newest first. Shoppers appear as pseudonyms only."""

    list_display = ("kind_name", "item_id", "happened", "quantity", "basis")
    ordering = ("-id",)
    fields = ("store", "kind_name", "item_id", "happened", "quantity", "price", "basis")
    readonly_fields = fields

    @admin.display(description=_("kind"))
    def kind_name(self, event: Event) -> str:
        known = {kind.value: kind.name.lower() for kind in Kind}
        return known.get(event.kind, str(event.kind))

    @admin.display(description=_("when"))
    def happened(self, event: Event) -> datetime | None:
        return moment(event.at)


@admin.register(ImportRun)
class ImportRunAdmin(ReadOnlyAdmin):
    """Files that were imported, and how far each came."""

    list_display = ("filename", "rows_done", "stored", "repeated", "rejected", "finished_at")
    ordering = ("-id",)


@admin.register(Visitor)
class VisitorAdmin(ReadOnlyAdmin):
    """Browsers that may be recognised: when and for what they agreed, not who they are."""

    list_display = ("created_at", "purposes", "signed_in")
    fields = ("created_at", "purposes", "signed_in")
    readonly_fields = fields
    ordering = ("key",)

    @admin.display(boolean=True, description=_("linked to an account"))
    def signed_in(self, visitor: Visitor) -> bool:
        return visitor.account is not None


@admin.register(Lease)
class LeaseAdmin(ReadOnlyAdmin):
    """Jobs: who runs what, when it last finished, and what went wrong."""

    list_display = ("name", "holder", "running_until", "finished", "attempts", "note")
    fields = ("name", "holder", "fence", "running_until", "finished", "attempts", "note")
    readonly_fields = fields
    ordering = ("name",)

    @admin.display(description=_("runs until at most"))
    def running_until(self, lease: Lease) -> datetime | None:
        return moment(lease.expires_at)

    @admin.display(description=_("last finished"))
    def finished(self, lease: Lease) -> datetime | None:
        return moment(lease.done_at)


@admin.register(State)
class StateAdmin(ReadOnlyAdmin):
    """Revisions and live versions that every process follows."""

    list_display = ("name", "store", "value", "changed_at")
    ordering = ("store", "name")


@admin.register(Artefact)
class ArtefactAdmin(ReadOnlyAdmin):
    """Packed arrays: snapshots of the catalogue and learnt columns."""

    list_display = ("name", "schema", "size", "parts", "created_at")
    ordering = ("-id",)


@admin.register(ArtefactPart)
class ArtefactPartAdmin(ReadOnlyAdmin):
    """Pieces of artefacts, listed without their bytes."""

    list_display = ("artefact_id", "number")
    fields = ("artefact", "number")
    readonly_fields = fields

    def get_queryset(self, request):
        return super().get_queryset(request).defer("data")


@admin.register(NeighbourRow)
class NeighbourRowAdmin(ReadOnlyAdmin):
    """Packed neighbour lists; an item's own page shows them as pictures and words."""

    list_display = ("item_id", "relation", "version_id")
    fields = ("item_id", "relation", "version_id")
    readonly_fields = fields
    ordering = ("-id",)

    def get_queryset(self, request):
        return super().get_queryset(request).defer("data")
