"""Rows that hold packed arrays: the truth that each host unpacks into its own cache folder."""

from __future__ import annotations

from django.db import models


class Artefact(models.Model):
    """One set of named arrays, immutable once written, cut into parts that any database takes.

    Written by the job that computed it; read once by each host, which unpacks it into a private
    cache folder named by `checksum` and maps it read-only.
    """

    name = models.CharField(max_length=80, help_text="What it holds, with its store: snapshot/1.")
    schema = models.PositiveSmallIntegerField(help_text="Number of the layout of its arrays.")
    checksum = models.CharField(max_length=64, help_text="BLAKE2b of the packed bytes, in hex.")
    size = models.BigIntegerField(help_text="Bytes of all parts together.")
    parts = models.PositiveIntegerField(help_text="Number of parts; fewer rows mean a torn write.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["name", "-id"], name="persona_artefact_newest")]


class ArtefactPart(models.Model):
    """At most 4 MB of one artefact, below every database's default packet limit."""

    artefact = models.ForeignKey(Artefact, on_delete=models.CASCADE, related_name="+")
    number = models.PositiveIntegerField(help_text="Place among the parts, from 0.")
    data = models.BinaryField(help_text="Bytes of the packed arrays.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["artefact", "number"], name="persona_one_part_each")
        ]
