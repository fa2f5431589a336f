"""Giving pieces back: the customer asks, staff or the demonstration grants it."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone

from example_shop.models import Order, OrderLine, Product, Refund


class NothingLeftError(ValueError):
    """More pieces than were bought and not yet given back."""


def returnable(line: OrderLine) -> int:
    """Pieces of a line that were neither refunded nor asked back."""
    waiting = line.refunds.filter(granted_at=None).aggregate(pieces=Sum("quantity"))["pieces"] or 0
    return line.quantity - line.refunded - waiting


@transaction.atomic
def ask(line: OrderLine, quantity: int, reason: str = "") -> Refund:
    """Note a customer's wish; in the demonstration it is granted at once."""
    # The line is locked where the database can, so that two clicks do not ask twice.
    line = OrderLine.objects.select_for_update().get(pk=line.pk)
    if not 0 < quantity <= returnable(line):
        raise NothingLeftError(f"{returnable(line)} pieces can be given back, not {quantity}.")
    refund = Refund.objects.create(line=line, quantity=quantity, reason=reason)
    if settings.SHOP_REFUND_AT_ONCE:
        grant(refund)
    return refund


@transaction.atomic
def grant(refund: Refund) -> bool:
    """Pay back, and put the pieces back on the shelf. Twice changes nothing."""
    now = timezone.now()
    if not Refund.objects.filter(pk=refund.pk, granted_at=None).update(granted_at=now):
        return False
    refund.granted_at = now
    line = refund.line
    OrderLine.objects.filter(pk=line.pk).update(
        refunded=F("refunded") + refund.quantity, refunded_at=now
    )
    Order.objects.filter(pk=line.order_id).update(total=F("total") - refund.quantity * line.price)
    Product.objects.filter(pk=line.product_id).update(stock=F("stock") + refund.quantity)
    return True
