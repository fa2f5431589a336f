"""Who is asking: visitors we were allowed to recognise, and who must be left alone."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Standing(models.IntegerChoices):
    """Whether what a visitor does may teach anything."""

    NEW = 0
    """One page and no more: not yet."""
    QUALIFIED = 1
    ROBOT = 2
    """Behaves like a program. Its events are kept apart, and a person may clear it."""
    CLEARED = 3
    """A person said that it is none; no task says otherwise again."""


class Visitor(models.Model):
    """A browser that may be recognised. Exists only after consent.

    `key` is a keyed hash of the 128-bit pseudonym in the signed cookie, so the table alone names
    nobody and a stolen copy of it cannot forge a cookie.
    """

    key = models.BigIntegerField(primary_key=True, help_text="Keyed hash of the pseudonym.")
    store = models.PositiveSmallIntegerField(default=1)
    account = models.BigIntegerField(
        null=True,
        db_index=True,
        help_text="Keyed hash of the customer, where consented.",
    )
    purposes = models.CharField(max_length=60, help_text="What was agreed to, comma separated.")
    consent_version = models.CharField(
        max_length=20, blank=True, help_text="Which wording of the banner was agreed to."
    )
    agreed_at = models.BigIntegerField(
        default=0, help_text="Seconds since 1970, UTC, of the latest answer."
    )
    standing = models.PositiveSmallIntegerField(
        choices=Standing.choices, default=Standing.NEW, db_index=True
    )
    rank = models.PositiveIntegerField(
        default=0,
        help_text="Its place among the new visitors of its network in one hour; 0: not counted.",
    )
    reason = models.CharField(
        max_length=200, blank=True, help_text="Why it is taken for a robot, in words."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            # Whose time is over is found by it,
            models.Index(fields=["created_at"], name="persona_visitor_by_age"),
            # and by this who withdrew lately.
            models.Index(fields=["agreed_at"], name="persona_visitor_by_answer"),
        ]

    def __str__(self) -> str:
        return f"visitor since {self.created_at:%Y-%m-%d %H:%M}"


class Restriction(models.Model):
    """Somebody who must be left alone: erased for good, or paused until they say otherwise.

    The key is all that is kept of an erased person. It is asked before anything is stored, so
    that a late message or a restored backup brings nothing back. Of a stranger, who only carried
    a cookie or a token of ours, it is kept until nobody can come with that any more.
    """

    class Kind(models.IntegerChoices):
        ERASED = 1
        PAUSED = 2

    key = models.BigIntegerField(primary_key=True, help_text="Keyed hash of visitor or customer.")
    kind = models.PositiveSmallIntegerField(choices=Kind.choices)
    at = models.BigIntegerField(help_text="Seconds since 1970, UTC.")
    until = models.BigIntegerField(
        null=True,
        db_index=True,
        help_text="When the number is nobody's any more, of who was a stranger; empty: never.",
    )

    class Meta:
        verbose_name = _("person left alone")
        verbose_name_plural = _("people left alone")

    def __str__(self) -> str:
        return f"{self.Kind(self.kind).label} visitor or customer"
