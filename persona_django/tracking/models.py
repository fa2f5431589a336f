"""What happened, what was asked for in words, what was refused, and imports from files."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Event(models.Model):
    """One thing that happened. Written by `tracking.writing` only.

    Times are whole seconds since 1970 in an integer column, because a datetime is text on SQLite
    and costs seconds to read by the million.
    """

    store = models.PositiveSmallIntegerField(default=1)
    shopper = models.BigIntegerField(help_text="Keyed hash of the visitor or customer.")
    uid = models.BigIntegerField(help_text="Names the event once for its shopper.")
    kind = models.PositiveSmallIntegerField(help_text="Number of the kind, see tracking.schema.")
    item_id = models.BigIntegerField(help_text="The catalogue's Item; 0: of none.")
    at = models.BigIntegerField(help_text="Seconds since 1970, UTC.")
    order = models.BigIntegerField(default=0, help_text="Keyed hash of the order; 0: none.")
    quantity = models.IntegerField(default=1, help_text="Pieces.")
    price = models.BigIntegerField(null=True, help_text="Paid each, in minor units.")
    basis = models.PositiveSmallIntegerField(
        default=1, help_text="1 consent, 2 customer, 3 aggregate: what it may be used for."
    )
    value = models.PositiveSmallIntegerField(
        default=0, help_text="Seconds, share or confidence, by kind; see tracking.schema."
    )
    context = models.IntegerField(
        default=0, help_text="Device, entry, local hour and sender; see tracking.context."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shopper", "uid"], name="persona_event_once")
        ]
        # Old rows are found by it when they are to go.
        indexes = [models.Index(fields=["at"], name="persona_event_by_time")]

    def __str__(self) -> str:
        return f"event {self.pk}"


class Intent(models.Model):
    """What a visitor asked the shop for: a search, a filter, an order of sorting.

    Words are normalised and never hold anything like an address or a number of a person. What was
    typed is a search, also into a filter, and stays with the visitor for the visit only: when it
    is over, `tracking.searches` counts it without a key and empties it here. What was chosen among
    the shop's own filters and orders stays as long as the row.
    """

    class Kind(models.IntegerChoices):
        SEARCH = 1
        FILTER = 2
        SORT = 3

    store = models.PositiveSmallIntegerField(default=1)
    shopper = models.BigIntegerField(help_text="Keyed hash of the visitor.")
    uid = models.BigIntegerField(help_text="Names it once for its shopper.")
    kind = models.PositiveSmallIntegerField(choices=Kind.choices)
    at = models.BigIntegerField(help_text="Seconds since 1970, UTC.")
    name = models.CharField(
        max_length=64, blank=True, help_text="What is filtered by, such as colour or price."
    )
    words = models.CharField(
        max_length=64, blank=True, help_text="What was typed or chosen; empty once it is counted."
    )
    low = models.BigIntegerField(null=True, help_text="Lower end of a range, in minor units.")
    high = models.BigIntegerField(null=True, help_text="Upper end of a range, in minor units.")
    results = models.IntegerField(null=True, help_text="How many results the shop had.")
    context = models.IntegerField(
        default=0, help_text="Device, entry, local hour and sender; see tracking.context."
    )

    class Meta:
        verbose_name = _("search or filter")
        verbose_name_plural = _("searches and filters")
        constraints = [
            models.UniqueConstraint(fields=["shopper", "uid"], name="persona_intent_once")
        ]
        indexes = [
            models.Index(fields=["at"], name="persona_intent_by_time"),
            # Few searches have any words: those that were left uncounted are found by it.
            models.Index(fields=["kind", "words"], name="persona_intent_by_words"),
        ]

    def __str__(self) -> str:
        return f"{self.Kind(self.kind).label} {self.pk}"


class WeekEvidence(models.Model):
    """What visitors took an interest in during one week, counted by day and packed: what is left
    of their events when those are gone. Written by `tracking.weeks` only.

    Rows of one week and generation belong together, those of one shopper side by side. Only the
    newest generation of which every part is there is read; a fresh one is written beside it.
    """

    store = models.PositiveSmallIntegerField(default=1)
    week = models.IntegerField(help_text="Weeks since 1970, UTC.")
    generation = models.PositiveIntegerField(help_text="How often the week was counted.")
    part = models.PositiveIntegerField(help_text="Place among the parts, from 0.")
    parts = models.PositiveIntegerField(help_text="How many there are; fewer: a torn write.")
    low = models.BigIntegerField(help_text="Lowest keyed hash of a visitor or customer in it.")
    high = models.BigIntegerField(help_text="Highest keyed hash of a visitor or customer in it.")
    data = models.BinaryField(help_text="Who, which item, what, on which days; packed.")

    class Meta:
        verbose_name = _("evidence of a week")
        verbose_name_plural = _("evidence of weeks")
        constraints = [
            models.UniqueConstraint(
                fields=["store", "week", "generation", "part"], name="persona_week_part_once"
            )
        ]
        indexes = [
            # Old rows are found by it when they are to go,
            models.Index(fields=["week"], name="persona_evidence_by_week"),
            # and by this the parts that somebody is in.
            models.Index(fields=["low", "high"], name="persona_evidence_by_shopper"),
        ]

    def __str__(self) -> str:
        return f"evidence of week {self.week}, part {self.part + 1} of {self.parts}"


class Folding(models.Model):
    """How far the weeks of one store have been counted. Written by `tracking.folding` only."""

    store = models.PositiveSmallIntegerField(primary_key=True)
    until = models.BigIntegerField(
        default=0, help_text="Weeks that end by then are counted: seconds since 1970, UTC."
    )
    target = models.BigIntegerField(default=0, help_text="The same once no week is due any more.")
    seen = models.BigIntegerField(default=0, help_text="Highest key of an event looked at.")
    taken = models.BigIntegerField(default=0, help_text="When that was; seconds since 1970, UTC.")
    again = models.BigIntegerField(
        default=0, help_text="Events with higher keys are looked at by the next run."
    )
    bought = models.BigIntegerField(
        default=0, help_text="Lowest key of a purchase or refund; 0: there is none."
    )
    final = models.IntegerField(default=0, help_text="Week that was counted last for good.")
    gone = models.BigIntegerField(
        default=0, help_text="Events older than that were deleted; seconds since 1970, UTC."
    )
    looked_at = models.BigIntegerField(
        default=0, help_text="When it was looked last what is due; seconds since 1970, UTC."
    )
    due = models.JSONField(
        default=dict, help_text="Weeks to be counted, and since when; 0: at once."
    )
    kinds = models.JSONField(default=list, help_text="Numbers of the kinds that are counted.")
    wanted = models.JSONField(default=list, help_text="The same once no week is due any more.")

    class Meta:
        verbose_name = _("state of counting")
        verbose_name_plural = _("states of counting")

    def __str__(self) -> str:
        return f"weeks of store {self.store}"


class SearchTerm(models.Model):
    """How often something was searched for, by nobody in particular.

    The words themselves are kept only from the moment that a crowd of visitors has asked for
    them; until then a keyed hash stands for them.
    """

    store = models.PositiveSmallIntegerField(default=1)
    term = models.BigIntegerField(help_text="Keyed hash of the normalised words.")
    words = models.CharField(
        max_length=64, blank=True, help_text="The words, once a crowd has asked for them."
    )
    visitors = models.IntegerField(default=0, help_text="Distinct visitors, as far as counted.")
    marks = models.BinaryField(
        default=bytes, help_text="Two bytes for each visitor counted so far; empty once a crowd."
    )
    asked = models.IntegerField(default=0, help_text="Visits in which it was searched for.")
    dead = models.IntegerField(default=0, help_text="Of these, those in which nothing came of it.")
    without_results = models.IntegerField(default=0, help_text="Of these, with nothing found.")
    last_at = models.BigIntegerField(default=0, help_text="Seconds since 1970, UTC.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["store", "term"], name="persona_one_row_a_term")
        ]
        indexes = [
            models.Index(fields=["last_at"], name="persona_term_by_time"),
            # Only crowds have any.
            models.Index(fields=["words"], name="persona_term_by_words"),
        ]

    def __str__(self) -> str:
        return self.words or f"search term {self.pk}"


class SearchFind(models.Model):
    """What was found useful after a search, by nobody in particular.

    Kept only of searches whose words a crowd asked for. Until a crowd of its own found the same,
    a keyed hash stands for the search and the thing together.
    """

    class What(models.IntegerChoices):
        LOOKED = 1, _("looked at")
        CHOSEN = 2, _("put into the cart or saved")
        BOUGHT = 3, _("bought")
        IN_THE_END = 4, _("bought in the end")
        """Later in a visit in which the search itself led nowhere."""

    store = models.PositiveSmallIntegerField(default=1)
    find = models.BigIntegerField(help_text="Keyed hash of the search, the family and what.")
    term = models.BigIntegerField(
        default=0, help_text="Keyed hash of the search by its stems; 0 until a crowd."
    )
    item_id = models.BigIntegerField(default=0, help_text="The family; 0 until a crowd.")
    what = models.PositiveSmallIntegerField(
        default=0, help_text="See SearchFind.What; 0 until a crowd."
    )
    visitors = models.IntegerField(
        default=0, help_text="Distinct visitors, counted by whole crowds."
    )
    marks = models.BinaryField(
        default=bytes, help_text="Two bytes for each visitor of the crowd that gathers now."
    )
    last_at = models.BigIntegerField(
        default=0, help_text="Of the newest crowd, else of the newest visitor; seconds, UTC."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["store", "find"], name="persona_one_row_a_find")
        ]
        indexes = [
            models.Index(fields=["last_at"], name="persona_find_by_time"),
            # Those that a crowd found are a few among many.
            models.Index(fields=["what", "visitors"], name="persona_find_by_crowd"),
        ]

    def __str__(self) -> str:
        return f"search find {self.pk}"


class DropCount(models.Model):
    """How much was refused or lost on one day, by reason: told to operators, never hidden."""

    day = models.IntegerField(help_text="Days since 1970, UTC.")
    reason = models.CharField(max_length=60, help_text="One of a fixed list of words.")
    n = models.BigIntegerField(default=0, help_text="How often.")

    class Meta:
        verbose_name = _("count of what was refused")
        verbose_name_plural = _("counts of what was refused")
        constraints = [
            models.UniqueConstraint(fields=["day", "reason"], name="persona_one_count_a_reason")
        ]

    def __str__(self) -> str:
        return f"{self.n} x {self.reason}"


class UsedNonce(models.Model):
    """A signed message of another server that was taken in, so that nobody sends it again.

    Deleted by `tracking.retention` once its timestamp is too old to be accepted anyway.
    """

    key = models.BigIntegerField(primary_key=True, help_text="Keyed hash of sender and nonce.")
    at = models.BigIntegerField(db_index=True, help_text="Seconds since 1970, UTC.")

    def __str__(self) -> str:
        return f"message taken in at {self.at}"
