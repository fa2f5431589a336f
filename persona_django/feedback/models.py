"""What was served, and what of it was seen, chosen and dismissed."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ServedSlate(models.Model):
    """One slate in one visitor's page. Written by `feedback.record` with the script's first
    report of it, and added to by the later ones; only for visitors who agreed.

    Seen, chosen and dismissed are bits by position: the lowest is the first slot.
    """

    store = models.PositiveSmallIntegerField(default=1)
    shopper = models.BigIntegerField(help_text="Keyed hash of the visitor.")
    uid = models.BigIntegerField(help_text="Names the slate once for its shopper.")
    block = models.CharField(max_length=60, help_text="Slug of the block.")
    version = models.BigIntegerField(default=0, help_text="Model version behind it; 0: none.")
    at = models.BigIntegerField(help_text="Seconds since 1970, UTC.")
    items = models.BinaryField(help_text="Item ids by position, eight bytes each; 0: unknown.")
    seen = models.BigIntegerField(default=0, help_text="Slots that were really on screen.")
    clicked = models.BigIntegerField(default=0, help_text="Slots that were chosen.")
    dismissed = models.BigIntegerField(default=0, help_text="Slots that were not wanted.")
    context = models.IntegerField(
        default=0, help_text="Device, entry, local hour and sender; see tracking.context."
    )

    class Meta:
        verbose_name = _("block shown")
        verbose_name_plural = _("blocks shown")
        constraints = [
            models.UniqueConstraint(fields=["shopper", "uid"], name="persona_slate_once")
        ]
        indexes = [models.Index(fields=["at"], name="persona_slate_by_time")]

    def __str__(self) -> str:
        return f"{self.block}, slate {self.pk}"
