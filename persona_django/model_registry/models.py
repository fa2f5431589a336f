"""What was learned, which of it is live, and who is building right now."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ModelVersion(models.Model):
    """Immutable result of one training run.

    Built beside the live one, checked by gates, then published by moving one pointer (a `State`
    row). Versions that fail a gate stay staged with the reason.
    """

    class Status(models.TextChoices):
        BUILDING = "building", _("building")
        STAGED = "staged", _("staged")
        LIVE = "live", _("live")
        RETIRED = "retired", _("retired")
        ABANDONED = "abandoned", _("abandoned")

    store = models.PositiveSmallIntegerField(default=1)
    kind = models.CharField(max_length=40, help_text="What was learnt, such as similar.")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.BUILDING)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL)
    relation = models.PositiveSmallIntegerField(
        default=0, help_text="Number of the relation whose rows it holds; 0: none."
    )
    fence = models.BigIntegerField(help_text="Fencing number of the job that built it.")
    artefact_id = models.BigIntegerField(null=True, help_text="Arrays of this version, if any.")
    figures = models.JSONField(default=dict, help_text="Counts and timings of the run.")
    work = models.JSONField(
        default=dict, help_text="Where an unfinished run stands, so that another can go on."
    )
    reason = models.TextField(blank=True, help_text="Why it is not live, or why it is empty.")
    created_at = models.DateTimeField(auto_now_add=True)
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["kind", "status", "-id"], name="persona_version_newest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Lease(models.Model):
    """The right of one worker to do one job until `expires_at`, with a number that only grows.

    A job that dies lets its lease run out; the next tick takes over with a higher fence, and
    whatever the dead one still writes is refused at publishing.
    """

    name = models.CharField(max_length=80, unique=True)
    holder = models.CharField(max_length=80, blank=True, help_text="Who works on it now.")
    fence = models.BigIntegerField(default=0, help_text="Grows with each holder.")
    expires_at = models.BigIntegerField(default=0, help_text="Seconds since 1970, UTC.")
    attempts = models.PositiveSmallIntegerField(
        default=0, help_text="Times in a row that a holder died without finishing."
    )
    done_at = models.BigIntegerField(default=0, help_text="Last time it finished, UTC seconds.")
    note = models.TextField(blank=True, help_text="What went wrong last, in words.")

    class Meta:
        verbose_name = _("job")

    def __str__(self) -> str:
        return self.name
