"""Field paths: what `"category__path"` on a map leads to, checked once and followed per object."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from inspect import getattr_static
from itertools import islice
from types import FunctionType
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist
from django.db import models
from django.db.models import QuerySet
from django.db.models.expressions import Col
from django.db.models.fields.files import FileField
from django.utils.functional import cached_property

from persona_django.exceptions import BrokenMap

Kinds = tuple[type, ...]
COMPUTED: Kinds = (FunctionType, property, cached_property, functools.cached_property)
"""What a shop writes on a model for a value that is no column."""

_PLAIN = frozenset((str, int, float, bool, Decimal, date, datetime, type(None)))
"""Types of values that wait for nothing."""

MOST_YIELDED = 1_000
"""Values that a generator may give for one product: one that never ends must not keep a page."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """Where a path leads, as far as the models tell without asking the database.

    `is_column`: one SQL column gives it, so that a sync needs no objects; `column` is the field
    that has it, unless the queryset computes it. `joins` are the forward relations on the way and
    `fetches` the relations to many rows.
    """

    path: str
    is_column: bool = False
    column: Any = None
    field: Any = None
    joins: str = ""
    fetches: str = ""
    fault: str = ""
    hint: str = ""

    @property
    def ends_in_relation(self) -> bool:
        """True when the path names a relation rather than a value of a row."""
        return bool(self.field is not None and self.field.is_relation)


def explore(
    model: type[models.Model],
    path: str,
    *,
    annotations: Collection[str] = (),
    only_columns: bool = False,
) -> Route:
    """Walk a path through the models. Never raises: what is wrong is in `fault` and `hint`, which
    offers no method where `only_columns` can be used."""
    if path in annotations:
        return Route(path=path, is_column=True)
    here: Any = model
    steps = path.split("__")
    joined: list[str] = []
    offered = () if only_columns else COMPUTED
    for number, step in enumerate(steps):
        beyond = steps[number + 1 :]
        joins = "__".join(joined)
        field = _field(here, step)
        if field is None:
            return _by_attribute(here, path, step, joins, is_last=not beyond, offered=offered)
        if field.many_to_many or field.one_to_many:
            return _to_many(path, steps[: number + 1], beyond, field, joins)
        if not beyond:
            by_column = step == getattr(field, "attname", "") and step != field.name
            is_column = bool(getattr(field, "column", None))
            return Route(
                path=path,
                is_column=is_column,
                column=field if is_column else None,
                # "parent_id" is the value of a column, "parent" the relation itself.
                field=None if by_column else field,
                joins=joins,
            )
        if isinstance(field, models.JSONField):
            return Route(path=path, joins=joins)
        if not field.is_relation or field.related_model is None or step != field.name:
            return Route(
                path=path,
                fault=f"{step!r} of {here._meta.label} is no relation, so "
                f"{'__'.join(beyond)!r} cannot follow it",
            )
        joined.append(step)
        here = field.related_model
    raise AssertionError("a path has at least one step")


def _field(model: Any, step: str) -> Any:
    """The field that a step of a path names on an object; None when it names none.

    A relation from other rows to this one is named on the object by its accessor, `product_set`,
    unlike in a filter.
    """
    meta = model._meta
    if step == "pk":
        return meta.pk
    for related in meta.related_objects:
        if related.get_accessor_name() == step:
            return related
    try:
        field = meta.get_field(step)
    except FieldDoesNotExist:
        by_column = {one.attname: one for one in meta.concrete_fields}
        return by_column.get(step)
    return None if field in meta.related_objects else field


def _by_attribute(
    model: Any, path: str, step: str, joins: str, *, is_last: bool, offered: Kinds
) -> Route:
    """A path whose step is no field: good when it ends in a method or a property."""
    has_it = step.isidentifier() and not step.startswith("_") and hasattr(model, step)
    if has_it and is_last:
        return Route(path=path, joins=joins)
    label = model._meta.label
    if has_it:
        return Route(path=path, fault=f"nothing can follow {step!r} of {label}")
    return Route(
        path=path,
        fault=f"{label} has no field or method {step!r}",
        hint=_offer(model, step, offered if is_last else ()),
    )


def _to_many(path: str, steps: list[str], beyond: list[str], field: Any, joins: str) -> Route:
    """A path through a relation to many rows: fetched beside the objects, one step beyond it."""
    if len(beyond) > 1:
        return Route(path=path, fault=f"nothing can follow {beyond[0]!r} of many rows")
    if beyond:
        related = _field(field.related_model, beyond[0])
        if related is None and not hasattr(field.related_model, beyond[0]):
            return Route(
                path=path,
                fault=f"{field.related_model._meta.label} has no field or method {beyond[0]!r}",
                hint=_offer(field.related_model, beyond[0], COMPUTED),
            )
    return Route(path=path, joins=joins, fetches="__".join(steps))


def _offer(model: Any, step: str, kinds: Kinds) -> str:
    """What may be meant by a name that the model does not have, and what it has. `kinds` of
    methods are offered with the fields where they resemble the name."""
    reverse = [related.get_accessor_name() for related in model._meta.related_objects]
    fields = [field.name for field in (*model._meta.fields, *model._meta.many_to_many)]
    known = sorted(name for name in (*fields, *reverse) if name)
    close = get_close_matches(step, [*known, *_own_methods(model, kinds)])
    meant = f"Did you mean {' or '.join(close)}? " if close else ""
    return f"{meant}It has: {', '.join(known)}."


def _own_methods(model: Any, kinds: Kinds) -> list[str]:
    """Methods and properties that the shop wrote on a model, not those which every model has."""
    return [
        name
        for name in dir(model)
        if not name.startswith("_")
        and not hasattr(models.Model, name)
        and isinstance(getattr_static(model, name), kinds)
    ]


def key_of(queryset: QuerySet[Any], path: str) -> Any:
    """The key that the values of a path are, such as `User.id` for `"order__user_id"`.

    A foreign key repeats the key of another row, so it is followed to the row that has it of its
    own. None where the models cannot tell whose key it is, or where two rows may share it.
    """
    annotations = queryset.query.annotations
    if path in annotations:
        found = annotations[path]
        field = found.target if isinstance(found, Col) else None
    else:
        field = explore(queryset.model, path).column
    while isinstance(field, models.ForeignKey):
        field = field.target_field
    return field if field is not None and field.unique else None


def relations_on(model: Any, path: str) -> Iterator[tuple[Any, str]]:
    """The relations to one row that a path leads through, each with the rest of the path."""
    steps = path.split("__")
    for number, step in enumerate(steps):
        field = _field(model, step)
        if not (getattr(field, "many_to_one", False) or getattr(field, "one_to_one", False)):
            return
        model = field.related_model
        yield field, "__".join(steps[number + 1 :])


def is_file(route: Route) -> bool:
    """True when the path ends in a file or picture field, whose value needs its storage."""
    return isinstance(route.field, FileField)


def follow(obj: Any, path: str) -> Any:
    """The value at the end of a path from one object; None where a relation on the way is empty.

    A method at the end is called; a relation to many rows gives their list; a step into a JSON
    value takes the entry of that name.
    """
    here = obj
    for step in _steps_of(path):
        if here is None:
            return None
        try:
            if isinstance(here, list):
                here = [settled(getattr(one, step)) for one in here]
            elif isinstance(here, dict):
                here = here.get(step)
            else:
                here = settled(getattr(here, step))
        except ObjectDoesNotExist:
            return None
        except AttributeError as error:
            if hasattr(type(here), step):
                # The shop's own property or method failed inside.
                raise
            raise BrokenMap(
                f"{type(here).__name__} has no {step!r}, which the path {path!r} asks for. "
                "Correct the path in persona.py; `manage.py check` names every such path."
            ) from error
    return here


@functools.lru_cache(maxsize=1_024)
def _steps_of(path: str) -> tuple[str, ...]:
    """The names in a path, in order."""
    return tuple(path.split("__"))


def settled(value: Any) -> Any:
    """A value that no longer waits to be read: methods are called, rows and generators listed."""
    # What most columns hold: asking these what they could be takes longer than all else here.
    if type(value) in _PLAIN:
        return value
    if isinstance(value, models.Manager):
        return list(value.all())
    if isinstance(value, QuerySet):
        return list(value)
    if hasattr(value, "__next__"):
        found = list(islice(value, MOST_YIELDED + 1))
        if len(found) > MOST_YIELDED:
            raise BrokenMap(
                f"A generator yielded more than {MOST_YIELDED:,} values for one product. Let it "
                "end, or return a list from the method in persona.py."
            )
        return found
    if callable(value) and not isinstance(value, models.Model):
        return settled(value())
    return value
