"""Keeps the mirror true when the shop saves or deletes a product, after its commit.

What a transaction saved is gathered and brought in once, when it commits; a transaction that is
rolled back leaves nothing. Whatever goes wrong here is counted and logged and never reaches the
shop: the hourly reconcile finds it.
"""

from __future__ import annotations

from typing import Any

from asgiref.local import Local
from django.apps import apps
from django.db import DatabaseError, connections, models, router, transaction
from django.db.models.signals import post_delete, post_save

from persona_django import conf, counters
from persona_django.breaker import database_call
from persona_django.catalogue import registry, tables
from persona_django.catalogue.models import Item
from persona_django.catalogue.sync import forget_keys, sync_keys

LOOKED_BACK = 50
"""Commit hooks of the shop's own between two of ours, after which a new batch is begun."""
A_FEW = 20
"""More products than these may take long, and the database is no worse for it."""

_open = Local()


class _Batch:
    """The products that one transaction (or one savepoint of it) saved and deleted."""

    def __init__(self, alias: str) -> None:
        self.alias = alias
        self.saved: dict[str, dict[Any, None]] = {}
        self.deleted: dict[str, dict[Any, None]] = {}

    def __call__(self) -> None:
        """Bring all of it into the mirror, now that it is committed."""
        many = sum(map(len, (*self.deleted.values(), *self.saved.values()))) > A_FEW
        try:
            with database_call(router.db_for_write(Item), may_take_long=many):
                for label, pks in self.deleted.items():
                    forget_keys(label, pks, using=self.alias)
                for label, pks in self.saved.items():
                    sync_keys(label, pks, using=self.alias)
        except Exception as error:  # noqa: BLE001  (nothing of ours may reach the shop's save)
            _count(error)


def connect() -> None:
    """Listen to every registered item model, and to the proxies and children of it."""
    for label, item_map in registry.item_maps().items():
        for model in apps.get_models(include_auto_created=True):
            if issubclass(model, item_map.model):
                for signal, receiver in ((post_save, _saved), (post_delete, _deleted)):
                    signal.connect(receiver, sender=model, dispatch_uid=f"persona_django.{label}")


def disconnect() -> None:
    """Stop listening; what was missed is found by the next reconcile."""
    for label, item_map in registry.item_maps().items():
        for model in apps.get_models(include_auto_created=True):
            if issubclass(model, item_map.model):
                for signal in (post_save, post_delete):
                    signal.disconnect(sender=model, dispatch_uid=f"persona_django.{label}")


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
        batch, is_new = _batch(using)
        if is_deleted:
            batch.deleted.setdefault(item_map.label, {})[instance.pk] = None
        else:
            batch.saved.setdefault(item_map.label, {})[instance.pk] = None
        if is_new:
            transaction.on_commit(batch, using=using)
    except Exception as error:  # noqa: BLE001  (nothing of ours may reach the shop's save)
        _count(error)


def _batch(using: str) -> tuple[_Batch, bool]:
    """The batch that shares the fate of the present savepoint, and whether it is a new one.

    A batch may be used again only while its commit hook still waits under the same savepoints: a
    rollback throws away exactly those products that it undid.
    """
    connection = connections[using]
    waiting: _Batch | None = getattr(_open, "batch", None)
    if waiting is not None and waiting.alias == using:
        for savepoints, hook, *_ in reversed(connection.run_on_commit[-LOOKED_BACK:]):
            if hook is waiting:
                if savepoints == set(connection.savepoint_ids):
                    return waiting, False
                break
    waiting = _open.batch = _Batch(using)
    return waiting, True


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
