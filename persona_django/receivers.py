"""Keeps the mirror true when the shop saves or deletes a product, and notes that orders moved.

What a transaction saved is gathered and brought in once, when it commits; a transaction that is
rolled back leaves nothing. Whatever goes wrong here is counted and logged and never reaches the
shop: the hourly reconcile finds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.db import DatabaseError, models, router
from django.db.models.signals import post_delete, post_save

from persona_django import conf, counters
from persona_django.breaker import database_questions
from persona_django.catalogue import registry, tables
from persona_django.catalogue.models import Item
from persona_django.catalogue.sync import forget_keys, sync_keys
from persona_django.commits import Batch, after_commit
from persona_django.tracking import order_changes


class _Products(Batch):
    """The products that one transaction (or one savepoint of it) saved and deleted."""

    def __init__(self, alias: str) -> None:
        super().__init__(alias)
        self.saved: dict[str, dict[Any, None]] = {}
        self.deleted: dict[str, dict[Any, None]] = {}

    def __call__(self) -> None:
        """Bring all of it into the mirror, now that it is committed."""
        try:
            # Methods of the shop's maps are called for each.
            with database_questions(router.db_for_write(Item)):
                for label, pks in self.deleted.items():
                    forget_keys(label, pks, using=self.alias)
                for label, pks in self.saved.items():
                    sync_keys(label, pks, using=self.alias)
        except Exception as error:  # noqa: BLE001  (nothing of ours may reach the shop's save)
            _count(error)


def connect() -> None:
    """Listen to every registered item model, to the models that orders are read from, and to the
    proxies and children of both."""
    for signal, receiver, sender, uid in _connections():
        signal.connect(receiver, sender=sender, dispatch_uid=uid)


def disconnect() -> None:
    """Stop listening; what was missed is found by the next reconcile."""
    for signal, _, sender, uid in _connections():
        signal.disconnect(sender=sender, dispatch_uid=uid)


def _connections() -> Iterator[tuple[Any, Any, type[models.Model], str]]:
    """Signal, receiver, sender and name of everything that is listened to."""
    for label, item_map in registry.item_maps().items():
        for model in _with_children([item_map.model]):
            yield post_save, _saved, model, f"persona_django.{label}"
            yield post_delete, _deleted, model, f"persona_django.{label}"
    for model in _with_children(order_changes.models_of_orders()):
        for signal in (post_save, post_delete):
            yield signal, _order_moved, model, "persona_django.orders"


def _with_children(parents: Iterable[type[models.Model]]) -> list[type[models.Model]]:
    wanted = tuple(parents)
    return [
        model for model in apps.get_models(include_auto_created=True) if issubclass(model, wanted)
    ]


def _saved(sender: type[models.Model], instance: Any, using: str, **kwargs: Any) -> None:
    # A fixture's related rows may not be there yet; reconcile brings its products in.
    if not kwargs.get("raw"):
        _gather(instance, using, is_deleted=False)


def _deleted(sender: type[models.Model], instance: Any, using: str, **kwargs: Any) -> None:
    _gather(instance, using, is_deleted=True)


def _gather(instance: Any, using: str, *, is_deleted: bool) -> None:
    """Note one product for the commit of the transaction that is open now."""
    if not conf.current().enabled or instance.pk is None:
        return
    try:
        item_map = registry.map_for(instance)

        def gather(batch: _Products) -> None:
            keys = batch.deleted if is_deleted else batch.saved
            keys.setdefault(item_map.label, {})[instance.pk] = None

        after_commit(_Products, using, gather)
    except Exception as error:  # noqa: BLE001  (nothing of ours may reach the shop's save)
        _count(error)


def _order_moved(sender: type[models.Model], using: str, **kwargs: Any) -> None:
    if conf.current().enabled and not kwargs.get("raw"):
        order_changes.note(using)


def _count(error: Exception) -> None:
    if isinstance(error, DatabaseError) and tables.is_missing_table(error):
        counters.count("tables_missing")
        tables.say_migrate()
        return
    counters.failed(
        "product_unsynced",
        "A saved product was not brought into the catalogue. The shop is not affected. "
        "Reconcile finds it; at once: python manage.py persona_sync",
        error=error,
    )
