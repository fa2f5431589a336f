"""What the merchant decided."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class PairDecision(models.Model):
    """A merchant's verdict on offering `other_id` beside `item_id`. Outlives every rebuild.

    Written by the admin, read by `merchandising.rules` on each query.
    """

    item_id = models.BigIntegerField(help_text=_("The family on whose page it stands."))
    other_id = models.BigIntegerField(help_text=_("The family offered beside it."))
    approved = models.BooleanField(
        _("may be offered"), default=False, help_text=_("Unticked: never offer this pair.")
    )
    reason = models.CharField(
        max_length=200, blank=True, help_text=_("For the colleague who asks next year.")
    )
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text=_("Empty: until withdrawn.")
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("decision on a pair")
        verbose_name_plural = _("decisions on pairs")
        constraints = [
            models.UniqueConstraint(
                fields=["item_id", "other_id"], name="persona_one_decision_per_pair"
            ),
            models.CheckConstraint(
                condition=~Q(item_id=F("other_id")), name="persona_no_pair_with_itself"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_id} – {self.other_id}"
