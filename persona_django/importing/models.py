"""How far each file has come."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


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

    class Meta:
        verbose_name = _("imported file")

    def __str__(self) -> str:
        return self.filename
