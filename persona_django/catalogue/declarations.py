"""What can be wrong with an item map, or with any map, found by looking at the models alone."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.db.models import CharField, QuerySet, TextField

from persona_django.catalogue.maps import ItemMap, OrderMap, is_currency_code
from persona_django.catalogue.paths import explore
from persona_django.exceptions import in_one_line

NEEDED_OF_ITEMS = ("title", "price", "url")
MAY_BE_RELATIONS = frozenset({"group", "images", "item", "order", "customer"})
"""Attributes for which a relation stands for the key of its row, or for many rows."""

NO_PATHS = frozenset({"attributes", "card_template", "item_model", "counts"})

METHODS: Mapping[type, tuple[str, ...]] = {
    ItemMap: ("queryset", "visible"),
    OrderMap: ("queryset", "own"),
}
"""Methods of each kind of map that a shop writes anew; we call them by these names."""

USUAL_NAMES = ("name", "title", "path", "label")
"""What shops call the text by which people know a row, the likeliest first."""

RESERVED = ("declared", "key", "names", "own_method", "path", "value")
"""Names of the maps' own machinery, which a method of the shop would break."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that is wrong with a registration, for a system check."""

    id: str
    message: str
    hint: str = ""

    @property
    def is_error(self) -> bool:
        """Errors leave the map out; warnings do not."""
        return ".E" in self.id


def examine_items(item_map: ItemMap) -> list[Fault]:
    """Everything wrong with an item map."""
    if faults := of_other_kind(item_map):
        return faults
    name = type(item_map).__name__
    faults = missing(item_map, NEEDED_OF_ITEMS) + taken(item_map)
    if "CompositePrimaryKey" in type(item_map.model._meta.pk).__name__:
        faults.append(
            Fault(
                id="persona.E021",
                message=f"{item_map.model._meta.label} has a primary key of several columns, "
                "which cannot name an item.",
                hint="Register a model with a single primary key.",
            )
        )
    annotations, queryset_faults = annotations_of(item_map)
    faults += queryset_faults
    for attribute in ItemMap.names:
        if attribute not in NO_PATHS:
            faults += _examine_value(item_map, attribute, annotations)
    if isinstance(item_map.attributes, str):
        faults.append(
            Fault(
                id="persona.E016",
                message=f"{name}.attributes is one text.",
                hint=f'Write a tuple: attributes = ("{item_map.attributes}",).',
            )
        )
    else:
        for path in item_map.attributes:
            if item_map.own_method(path) is None:
                faults += examine_path(item_map, f"attributes {path!r}", path, annotations)
    return faults + misspelt(item_map, ItemMap)


def examine_age(item_map: ItemMap) -> list[Fault]:
    """A warning where nothing tells which products are new: the first sync reads them by key.

    Keys that count upwards, as those of most shops do, are as good as a date.
    """
    key: Any = item_map.model._meta.pk
    if item_map.declared("published_at") is not None or key.default is not uuid4:
        return []
    dated = [
        field.name
        for field in item_map.model._meta.concrete_fields
        if getattr(field, "auto_now_add", False)
    ]
    field = dated[0] if dated else "..."
    return [
        Fault(
            id="persona.W028",
            message=f"{type(item_map).__name__} names no published_at, and the keys of "
            f"{item_map.model._meta.label} are random, so what was there at the first sync is "
            "called new in no order that means anything.",
            hint=f'Name the field that says when a product came: published_at = "{field}". Where '
            "there is none, leave the block new-arrivals out, and silence this check.",
        )
    ]


def of_other_kind(described: ItemMap | OrderMap) -> list[Fault]:
    """One fault for a map that inherits from the wrong class, instead of all that follows."""
    mine, other = (ItemMap, OrderMap) if isinstance(described, ItemMap) else (OrderMap, ItemMap)
    written = {name for _, name in own_names(described)}
    theirs = [name for name in (*other.names, *METHODS[other]) if name in written - {*vars(mine)}]
    if len(theirs) <= len(written.intersection(mine.names)):
        return []
    return [
        Fault(
            id="persona.E014",
            message=f"{type(described).__name__} inherits from {mine.__name__}, but says what an "
            f"{other.__name__} says: {', '.join(theirs)}.",
            hint=f"Did you mean catalogue.{other.__name__}? An ItemMap says what is sold, an "
            "OrderMap what was bought.",
        )
    ]


def missing(described: ItemMap | OrderMap, needed: Collection[str]) -> list[Fault]:
    """Needed attributes that the map leaves out."""
    kind = type(described).__name__
    return [
        Fault(
            id="persona.E014",
            message=f"{kind} does not say where the {name} of a {described.label} is.",
            hint=f'Add a field path, {name} = "...", or a method {name}(self, obj).',
        )
        for name in needed
        if described.declared(name) is None
    ]


def taken(described: ItemMap | OrderMap) -> list[Fault]:
    """Names that the map itself needs for something else."""
    return [
        Fault(
            id="persona.E016",
            message=f"{type(described).__name__}.{name} hides something that maps need.",
            hint="Give it another name; attributes may list that name.",
        )
        for name in RESERVED
        if described.own_method(name) is not None
    ]


def annotations_of(described: ItemMap | OrderMap) -> tuple[Collection[str], list[Fault]]:
    """Names that the map's queryset adds to its model; building it asks no database."""
    kind = type(described).__name__
    try:
        queryset = described.queryset()
    except Exception as error:  # noqa: BLE001  (the shop's own code may raise anything)
        return (), [
            Fault(
                id="persona.E018",
                message=f"{kind}.queryset() failed with {in_one_line(error)}",
                hint="It must return a queryset without asking the database.",
            )
        ]
    if unusable := why_unusable(queryset, described):
        return (), [
            Fault(
                id="persona.E018",
                message=f"{kind}.queryset() {unusable}.",
                hint="Start from its manager, such as Model.objects.filter(...), and return what "
                "can be filtered further: Q(...) | Q(...) in one filter() stands for a union, and "
                "a condition for a slice.",
            )
        ]
    return queryset.query.annotations, []


def why_unusable(found: Any, described: ItemMap | OrderMap) -> str:
    """Why nothing can be looked up in what a method of the map returned; empty when it can."""
    label = described.model._meta.label
    if not isinstance(found, QuerySet):
        kind = "None" if found is None else f"a {type(found).__name__}"
        return f"does not return a queryset of {label}, but {kind}"
    if not issubclass(found.model, described.model):
        return f"does not return a queryset of {label}, but one of {found.model._meta.label}"
    closed = _why_closed(found)
    return f"is {closed}, so nothing can be looked up in it" if closed else ""


def _why_closed(queryset: QuerySet[Any]) -> str:
    """Why Django lets nobody look up single rows of this queryset; empty when it does."""
    if queryset.query.combinator:
        return f"a {queryset.query.combinator} of querysets"
    if queryset.query.is_sliced:
        return "a slice"
    # Set by values(), values_list() and dates(); an iterable class of the shop's own is fine.
    return (
        "made of values, not of objects" if getattr(queryset, "_fields", None) is not None else ""
    )


def _examine_value(item_map: ItemMap, attribute: str, annotations: Collection[str]) -> list[Fault]:
    declared = item_map.declared(attribute)
    if declared is None or callable(declared):
        return []
    if attribute == "currency" and is_currency_code(declared):
        return []
    if isinstance(declared, str):
        return examine_path(item_map, attribute, declared, annotations)
    return [
        Fault(
            id="persona.E016",
            message=f"{type(item_map).__name__}.{attribute} is {declared!r}.",
            hint="Give it a field path as text, or write a method of that name.",
        )
    ]


def examine_path(
    described: ItemMap | OrderMap,
    attribute: str,
    path: str,
    annotations: Collection[str],
    *,
    must_be_column: bool = False,
) -> list[Fault]:
    """What is wrong with one field path, if anything."""
    kind = type(described).__name__
    route = explore(described.model, path, annotations=annotations, only_columns=must_be_column)
    if route.fault:
        return [
            Fault(
                id="persona.E015",
                message=f'{kind}: {attribute} = "{path}" cannot be read: {route.fault}.',
                hint=route.hint or "Correct the path.",
            )
        ]
    if must_be_column and not route.is_column:
        return [
            Fault(
                id="persona.E019",
                message=f'{kind}: {attribute} = "{path}" is no column of the database.',
                hint="Name a field; annotate queryset() where a value must be computed.",
            )
        ]
    if attribute not in MAY_BE_RELATIONS and (route.ends_in_relation or route.fetches):
        return [
            Fault(
                id="persona.E017",
                message=f'{kind}: {attribute} = "{path}" is a relation, not a value.',
                hint=_beyond(path, route.field),
            )
        ]
    return []


def _beyond(path: str, relation: Any) -> str:
    """What to write where a path stops at a relation: a text that the row at its end has."""
    related = getattr(relation, "related_model", None)
    texts = [
        field.name
        for field in (related._meta.concrete_fields if related else ())
        if isinstance(field, (CharField, TextField)) and not field.primary_key
    ]
    if not texts:
        return "Go on to a field of it, or write a method."
    usual = [name for name in USUAL_NAMES if name in texts]
    return f'Go on to a field of it, such as "{path}__{(usual or texts)[0]}", or write a method.'


def misspelt(described: ItemMap | OrderMap, base: type[ItemMap | OrderMap]) -> list[Fault]:
    """Attributes and methods that look like one of ours but are not: nothing else would notice."""
    known = (*base.names, *METHODS[base])
    faults = []
    for written_in, name in own_names(described):
        if hasattr(base, name) or name in getattr(described, "attributes", ()):
            continue
        close = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.8)
        # Where the right name stands beside it, this is a helper and no misspelling.
        if close and close[0] not in vars(written_in):
            is_method = callable(getattr(written_in, name))
            faults.append(
                Fault(
                    id="persona.W022",
                    message=f"{written_in.__name__}.{name}"
                    + ("() is not called." if is_method else " is not read."),
                    hint=f"Did you mean {close[0]}?",
                )
            )
    return faults


def own_names(described: ItemMap | OrderMap) -> Iterator[tuple[type, str]]:
    """Every public name that the shop wrote on its map, with the class in which it stands."""
    for ancestor in type(described).__mro__:
        if ancestor.__module__ == ItemMap.__module__:
            return
        yield from ((ancestor, name) for name in vars(ancestor) if not name.startswith("_"))
