"""Which models of the shop are items and order lines, as every app's `persona.py` declares.

Nothing here raises into the shop's start: what is wrong is collected as faults, which `checks`
reports, and a map with a fault is left out until it is put right.
"""

from __future__ import annotations

import logging
import os
import sysconfig
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from django.apps import apps
from django.db import models
from django.utils.module_loading import module_has_submodule

from persona_django.catalogue.declarations import Fault, examine_items, of_other_kind
from persona_django.catalogue.maps import ItemMap, OrderMap
from persona_django.catalogue.order_declarations import examine_orders
from persona_django.exceptions import NotRegistered
from persona_django.forking import Lock

log = logging.getLogger("persona_django.catalogue")

Cls = TypeVar("Cls", bound=type)

LIBRARIES = (
    str(Path(__file__).parents[1]) + os.sep,
    *(sysconfig.get_path(name) + os.sep for name in ("purelib", "platlib", "stdlib")),
)
"""Folders of code that no shop wrote: ours, and what is installed."""


class Registry:
    """All registrations of one project, and what came of them."""

    def __init__(self) -> None:
        self._given: list[tuple[Any, Any]] = []
        self._import_faults: list[Fault] = []
        self._lock = Lock(is_reentrant=True)
        self._settled = False
        self.items: dict[str, ItemMap] = {}
        self.orders: list[OrderMap] = []
        self.found: list[Fault] = []
        self.lacks_items = True

    def add(self, target: Any, map_class: Any) -> None:
        """Note one registration; it is examined when first asked for."""
        with self._lock:
            # Importing a persona.py twice, as some test runners do, is no second map.
            same = [given for given in self._given if _is_same(given, target, map_class)]
            for given in same:
                self._given.remove(given)
            self._given.append((target, map_class))
            self._settled = False

    def discover(self) -> None:
        """Import the `persona.py` of every installed app that has one."""
        for config in apps.get_app_configs():
            if config.label == "persona" or not module_has_submodule(config.module, "persona"):
                continue
            name = f"{config.name}.persona"
            try:
                import_module(name)
            except Exception as error:  # noqa: BLE001  (a shop must start with a broken persona.py)
                last = traceback.format_exception_only(error)[-1].strip()
                filename, line = _place_of(error, name)
                self._import_faults.append(
                    Fault(
                        id="persona.E010",
                        message=f"{name} cannot be imported: {last}",
                        hint=f"See line {line} of {filename}. Until it is put "
                        "right, nothing that this file registers is recommended.",
                    )
                )
                log.error("%s cannot be imported: %s. Run: python manage.py check", name, last)
        self._settled = False

    def settle(self) -> Registry:
        """Examine what was registered since the last time, and keep the sound maps."""
        if self._settled or (not apps.ready and not apps.models_ready):
            return self
        with self._lock:
            if not self._settled:
                self._examine()
                self._settled = True
        return self

    def _examine(self) -> None:
        faults = list(self._import_faults)
        items: dict[str, ItemMap] = {}
        orders: list[OrderMap] = []
        rejected: set[str] = set()
        order_classes: list[tuple[type[models.Model], type[OrderMap]]] = []
        for target, map_class in self._given:
            model, fault = _resolve(target, map_class)
            if fault or model is None:
                faults.extend([fault] if fault else [])
            elif issubclass(map_class, OrderMap):
                order_classes.append((model, map_class))
            else:
                self._examine_items(model, map_class, items, faults)
                rejected.add(model._meta.label_lower)
        # A map that could not be read may have been one.
        lacks_items = not rejected and not faults
        rejected -= items.keys()
        faults.extend(_shared_tables(items.values()))
        for model, map_class in order_classes:
            order_map = map_class(model)
            found = examine_orders(order_map, items, rejected=rejected)
            if not any(fault.is_error for fault in found):
                found += _second_of(order_map, orders)
            faults.extend(found)
            lacks_items = lacks_items and not of_other_kind(order_map)
            if not any(fault.is_error for fault in found):
                orders.append(order_map)
        self.items, self.orders, self.found = items, orders, faults
        self.lacks_items = lacks_items

    @staticmethod
    def _examine_items(
        model: type[models.Model],
        map_class: type[ItemMap],
        items: dict[str, ItemMap],
        faults: list[Fault],
    ) -> None:
        label = model._meta.label_lower
        if label in items:
            faults.append(_two_maps(items[label], "item maps", map_class))
            return
        item_map = map_class(model)
        found = examine_items(item_map)
        faults.extend(found)
        if not any(fault.is_error for fault in found):
            items[label] = item_map


def _two_maps(first: ItemMap | OrderMap, kind: str, second: type) -> Fault:
    return Fault(
        id="persona.E013",
        message=f"{first.model._meta.label} has two {kind}: "
        f"{_name(type(first))} and {_name(second)}.",
        hint="Keep one of them. Until then the first is used.",
    )


def _second_of(order_map: OrderMap, others: Iterable[OrderMap]) -> list[Fault]:
    """One fault for a second map of the same lines, which would count each of them twice."""
    about = (order_map.label, order_map.item_label)
    return [
        _two_maps(first, "order maps about the same items", type(order_map))
        for first in others
        if (first.label, first.item_label) == about
    ]


def _shared_tables(item_maps: Iterable[ItemMap]) -> Iterator[Fault]:
    """A warning for each map whose rows another one covers, too, as a proxy beside its base."""
    first_of: dict[str, ItemMap] = {}
    for item_map in item_maps:
        first = first_of.setdefault(item_map.model._meta.db_table, item_map)
        if first is not item_map:
            both = f"{first.model._meta.label} and {item_map.model._meta.label}"
            yield Fault(
                id="persona.W027",
                message=f"{both} are both items, but rows of one table.",
                hint="A row that both maps cover is two items, which are recommended beside each "
                "other. Register one of them; where queryset() of each keeps to rows of its own, "
                "silence this check.",
            )


def _place_of(error: Exception, name: str) -> tuple[str, int | None]:
    """File and line to look at: where it does not parse, else where the shop's code raised, or
    asked a library for what it does not have."""
    if isinstance(error, SyntaxError) and error.filename:
        return error.filename, error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    # Python's own import machinery is the last frame of a module that does not exist.
    readable = [frame for frame in frames if not frame.filename.startswith("<frozen ")]
    theirs = [frame for frame in readable if not frame.filename.startswith(LIBRARIES)]
    # An app that is installed stands among the libraries itself.
    own = f"{name.replace('.', os.sep)}.py"
    installed = [frame for frame in readable if frame.filename.endswith(own)]
    last = (theirs or installed or readable)[-1]
    return last.filename, last.lineno


def _is_same(given: tuple[Any, Any], target: Any, map_class: Any) -> bool:
    return (
        isinstance(map_class, type)
        and isinstance(given[1], type)
        and _target_label(given[0]) == _target_label(target)
        and _name(given[1]) == _name(map_class)
    )


def _target_label(target: Any) -> str:
    return str(getattr(getattr(target, "_meta", None), "label", target)).lower()


def _name(map_class: type) -> str:
    return f"{map_class.__module__}.{map_class.__qualname__}"


def _resolve(target: Any, map_class: Any) -> tuple[type[models.Model] | None, Fault | None]:
    """The model that a registration means, or what is wrong with it."""
    if not (isinstance(map_class, type) and issubclass(map_class, (ItemMap, OrderMap))):
        return None, Fault(
            id="persona.E012",
            message=f"{map_class!r} is registered for {target!r}, but is no ItemMap or OrderMap.",
            hint="Write a class that inherits from catalogue.ItemMap or catalogue.OrderMap.",
        )
    if isinstance(target, type) and issubclass(target, models.Model):
        if target._meta.abstract:
            return None, Fault(
                id="persona.E011",
                message=f"{_name(map_class)} is registered for the abstract {target.__name__}.",
                hint="Register the models that inherit from it.",
            )
        return target, None
    try:
        return apps.get_model(target), None
    except (LookupError, ValueError, TypeError, AttributeError) as error:
        return None, Fault(
            id="persona.E011",
            message=f"{_name(map_class)} is registered for {target!r}, which is no model: {error}",
            hint='Pass the model class, or "app_label.Model" of an app in INSTALLED_APPS.',
        )


_registry = Registry()


@contextmanager
def isolated() -> Iterator[Registry]:
    """An empty registry for as long as the block lasts; for tests of maps."""
    global _registry
    before, _registry = _registry, Registry()
    try:
        yield _registry
    finally:
        _registry = before


def register(target: type[models.Model] | str) -> Callable[[Cls], Cls]:
    """Class decorator: this map describes that model, given as class or as `"app.Model"`."""

    def keep(map_class: Cls) -> Cls:
        _registry.add(target, map_class)
        return map_class

    return keep


def discover() -> None:
    """Import every installed app's `persona.py`, as `admin.py` is found."""
    _registry.discover()
    _registry.settle()


def item_maps() -> dict[str, ItemMap]:
    """Model label to its sound item map, in order of registration."""
    return _registry.settle().items


def order_maps() -> list[OrderMap]:
    """Every sound order map."""
    return _registry.settle().orders


def faults() -> list[Fault]:
    """Everything that is wrong with what was registered, for the system checks."""
    return _registry.settle().found


def lacks_items() -> bool:
    """Whether no `persona.py` declares an item map at all, not even one with a fault."""
    return _registry.settle().lacks_items


def map_for(obj_or_label: Any) -> ItemMap:
    """The item map of an object, a model or a label; NotRegistered says what to do."""
    known = item_maps()
    if isinstance(obj_or_label, str):
        found = known.get(obj_or_label.lower())
    else:
        from persona_django.catalogue.refs import label_of

        model = obj_or_label if isinstance(obj_or_label, type) else type(obj_or_label)
        if not hasattr(model, "_meta"):
            label = next(iter(known), "app.model")
            raise NotRegistered(
                f"A value of the type {model.__name__} is no product. Pass a product of the shop, "
                f'or its address as text: "{label}:<key>".'
            )
        found = known.get(label_of(obj_or_label))
    if found is None:
        registered = ", ".join(sorted(known)) or "none"
        raise NotRegistered(
            f"No item map is registered for {_shown(obj_or_label)} (registered: {registered}). "
            "Register one in a persona.py; `manage.py check` says what is wrong with one."
        )
    return found


def _shown(obj_or_label: Any) -> str:
    if isinstance(obj_or_label, str):
        return repr(obj_or_label[:80])
    return str(obj_or_label._meta.label)
