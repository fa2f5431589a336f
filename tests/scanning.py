"""Looks for something in everything that is stored: every column of every table, caches, files.

It goes by what there is, not by a list, so that what comes later is looked through as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.core.cache import caches
from django.db import connections

Needle = int | str


def tables() -> Iterator[tuple[str, str]]:
    """Alias and name of every table of every database."""
    for alias in connections:
        connection = connections[alias]
        with connection.cursor() as cursor:
            for name in connection.introspection.table_names(cursor):
                yield alias, name


def rows(alias: str, table: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Names of the columns and all rows, as the database itself gives them."""
    connection = connections[alias]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
        return [column[0] for column in cursor.description], cursor.fetchall()


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, to be compared with those of later."""
    return {
        table: sorted((tuple(map(_shown, row)) for row in rows(alias, table)[1]), key=repr)
        for alias, table in tables()
    }


def in_tables(needles: Iterable[Needle], *, but: Iterable[str] = ()) -> list[str]:
    """Tables and columns in which one of these is found, as text or packed into bytes."""
    wanted, found = list(needles), []
    for alias, table in tables():
        if table in but:
            continue
        names, all_rows = rows(alias, table)
        for row in all_rows:
            for name, value in zip(names, row, strict=True):
                if holds(value, wanted):
                    found.append(f"{table}.{name}")
    return sorted(set(found))


def in_cache(needles: Iterable[Needle]) -> list[str]:
    """Keys of the default cache under which one of these is found, or whose name holds one."""
    wanted = list(needles)
    return [key for key, value in _cached() if holds(key, wanted) or holds(value, wanted)]


def _cached() -> Iterator[tuple[str, bytes]]:
    cache: Any = caches["default"]
    if hasattr(cache, "_cache") and isinstance(cache._cache, dict):
        yield from list(cache._cache.items())
        return
    client = cache._cache.get_client()
    for key in client.scan_iter("*"):
        yield key.decode(errors="replace"), client.get(key) or b""


def in_files(folder: Path, needles: Iterable[Needle]) -> list[str]:
    """Files below a folder in which one of these is found."""
    wanted = list(needles)
    return [
        str(path)
        for path in folder.rglob("*")
        if path.is_file() and holds(path.read_bytes(), wanted)
    ]


def holds(value: Any, needles: Iterable[Needle]) -> bool:
    """Whether a stored value is one of these, or holds one of them in any form."""
    if isinstance(value, memoryview):
        value = bytes(value)
    for needle in needles:
        text = str(needle)
        if isinstance(value, bytes):
            packed = [text.encode()]
            if isinstance(needle, int):
                packed += [needle.to_bytes(8, order) for order in ("little", "big")]
            if any(one in value for one in packed):
                return True
        elif text in str(value):
            return True
    return False


def _shown(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value
