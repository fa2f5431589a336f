"""Who is asking: visitors we were allowed to recognise."""

from __future__ import annotations

from django.db import models


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
    created_at = models.DateTimeField(auto_now_add=True)
