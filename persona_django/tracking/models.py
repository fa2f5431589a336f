"""What happened, and the runs that brought it in from files."""

from __future__ import annotations

from django.db import models


class Event(models.Model):
    """One thing that happened. Written by `tracking.ingest` and `tracking.imports` only.

    Times are whole seconds since 1970 in an integer column, because a datetime is text on SQLite
    and costs seconds to read by the million.
    """

    store = models.PositiveSmallIntegerField(default=1)
    shopper = models.BigIntegerField(help_text="Keyed hash of the visitor or customer.")
    uid = models.BigIntegerField(help_text="Names the event once for its shopper.")
    kind = models.PositiveSmallIntegerField(help_text="Number of the kind, see tracking.schema.")
    item_id = models.BigIntegerField(help_text="The catalogue's Item.")
    at = models.BigIntegerField(help_text="Seconds since 1970, UTC.")
    order = models.BigIntegerField(default=0, help_text="Keyed hash of the order; 0: none.")
    quantity = models.IntegerField(default=1, help_text="Pieces.")
    price = models.BigIntegerField(null=True, help_text="Paid each, in minor units.")
    basis = models.PositiveSmallIntegerField(
        default=1, help_text="1 consent, 2 customer, 3 aggregate: what it may be used for."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shopper", "uid"], name="persona_event_once")
        ]


class ImportRun(models.Model):
    """How far one file has come, so that a killed import goes on where it stopped."""

    fingerprint = models.CharField(
        max_length=64, unique=True, help_text="Hash of the file's content and of the options."
    )
    filename = models.CharField(max_length=255, help_text="Name only, for people.")
    rows_done = models.BigIntegerField(default=0, help_text="Lines read so far.")
    stored = models.BigIntegerField(default=0, help_text="Lines that became events.")
    repeated = models.BigIntegerField(default=0, help_text="Lines that were there already.")
    rejected = models.BigIntegerField(default=0, help_text="Lines that were refused.")
    started_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    finished_at = models.DateTimeField(null=True)
