"""The tree of departments and categories, small enough to be read whole and remembered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.core.cache import cache
from django.db.models.signals import post_delete, post_save
from django.urls import reverse

from example_shop.models import Category

CACHE_KEY = "shop.categories.1"
REMEMBERED_SECONDS = 60


@dataclass
class Node:
    """One category with its place in the tree."""

    id: int
    name: str
    path: str
    slug: str
    parent: Node | None = None
    children: list[Node] = field(default_factory=list)

    @property
    def url(self) -> str:
        return reverse("category", args=[self.slug])

    @property
    def trail(self) -> list[Node]:
        """From the department down to this category."""
        return [*(self.parent.trail if self.parent else []), self]

    def ids(self) -> list[int]:
        """This category and everything beneath it."""
        return [node.id for node in self.walk()]

    def walk(self) -> Iterator[Node]:
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass
class Tree:
    """All departments, and every category by its id and by its slug."""

    departments: list[Node]
    by_id: dict[int, Node]
    by_slug: dict[str, Node]

    @property
    def aisles(self) -> list[Node]:
        """What menus show: the departments, or where there are but one or two, what is in them."""
        below = [child for top in self.departments for child in top.children]
        return self.departments if len(self.departments) > 2 or not below else below


def tree() -> Tree:
    """The categories as they stand; one query, or none within a minute of the last one."""
    rows = cache.get(CACHE_KEY)
    if rows is None:
        rows = list(Category.objects.values_list("id", "name", "path", "slug", "parent_id"))
        cache.set(CACHE_KEY, rows, REMEMBERED_SECONDS)
    by_id = {row[0]: Node(*row[:4]) for row in rows}
    departments = []
    for key, *_, parent in rows:
        node = by_id[key]
        node.parent = by_id.get(parent)
        (node.parent.children if node.parent else departments).append(node)
    return Tree(departments, by_id, {node.slug: node for node in by_id.values()})


def forget(**kwargs: object) -> None:
    """Called when a category changes; loaders that use bulk_create call it themselves."""
    cache.delete(CACHE_KEY)


def connect() -> None:
    """Keep the remembered tree true when a category is saved or deleted."""
    post_save.connect(forget, sender=Category, dispatch_uid="shop.categories.save")
    post_delete.connect(forget, sender=Category, dispatch_uid="shop.categories.delete")
