"""What the merchant decided."""

from __future__ import annotations

from django.core.exceptions import ObjectDoesNotExist
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from persona_django.similarity.relations import BOUGHT_AFTER, BOUGHT_TOGETHER, SIMILAR


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
        # The admin's queryset brings the titles along; looked up here they would be a query a row.
        item = getattr(self, "item_title", None) or self.item_id
        return f"{item} – {getattr(self, 'other_title', None) or self.other_id}"


class SuggestedPair(models.Model):
    """A merchant's word that `other` goes with `item`, as strong as so many shoppers' doing.

    Written by the admin and `persona_pairs`, read by learning, where what shoppers do outweighs
    it in time. Rows that are gone from the catalogue say nothing.
    """

    class Relation(models.IntegerChoices):
        """The lists it can enter: those that shoppers teach and merchants know by heart."""

        SIMILAR = SIMILAR, _("Similar")
        BOUGHT_TOGETHER = BOUGHT_TOGETHER, _("Bought together")
        BOUGHT_AFTER = BOUGHT_AFTER, _("Bought after")

    MOST = 100_000

    relation = models.PositiveSmallIntegerField(_("list"), choices=Relation)
    item = models.ForeignKey(
        "persona.Item",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
        verbose_name=_("beside"),
        help_text=_("On its page, with all its variants, the other one is offered."),
    )
    other = models.ForeignKey(
        "persona.Item",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
        verbose_name=_("suggested"),
        help_text=_("The one that goes with it. The other way round is another suggestion."),
    )
    strength = models.PositiveIntegerField(
        default=20,
        validators=[MinValueValidator(1), MaxValueValidator(MOST)],
        help_text=_(
            "As if so many customers had done so. Each real one who comes to the first item "
            "without the other makes it count less."
        ),
    )
    reason = models.CharField(
        max_length=200, blank=True, help_text=_("For the colleague who asks next year.")
    )
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text=_("Empty: until withdrawn.")
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("suggested pair")
        verbose_name_plural = _("suggested pairs")
        constraints = [
            models.UniqueConstraint(
                fields=["relation", "item", "other"], name="persona_one_suggestion_per_pair"
            ),
            models.CheckConstraint(
                condition=~Q(item=F("other")), name="persona_nothing_suggested_beside_itself"
            ),
        ]

    def __str__(self) -> str:
        return _("%(other)s beside %(item)s") % {
            name: self._title_of(name) for name in ("other", "item")
        }

    def _title_of(self, name: str) -> str:
        try:
            return str(getattr(self, name))
        except ObjectDoesNotExist:
            return str(_("an item that is gone"))
