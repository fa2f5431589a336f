"""What goes with what."""

from __future__ import annotations

from django.db import models


class NeighbourRow(models.Model):
    """All neighbours of one item in one relation and version, packed into one value.

    Written in bulk by `similarity.store`, read by `similarity.lookup`; never changed. The layout
    of `data` is that of `similarity.packing`.
    """

    version_id = models.BigIntegerField(help_text="The version it belongs to.")
    relation = models.PositiveSmallIntegerField(help_text="Number of the kind of link.")
    item_id = models.BigIntegerField(help_text="The family whose neighbours these are.")
    data = models.BinaryField(help_text="Neighbours and figures, packed.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version_id", "relation", "item_id"], name="persona_neighbours_once"
            )
        ]
