"""Every table of ours is explained, migrated and visible in the admin."""

from __future__ import annotations

import ast

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.management import call_command
from django.db import models

from tests.house.tree import APP

OURS = tuple(apps.get_app_config("persona").get_models())
SELF_EVIDENT = {
    "id",
    "store",
    "title",
    "brand",
    "currency",
    "available",
    "sensitive",
    "name",
    "created_at",
    "published_at",
    "changed_at",
    "started_at",
    "updated_at",
    "finished_at",
}
"""Names that a stranger reads as we mean them."""


def test_there_are_models_to_speak_of():
    assert len(OURS) > 5


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_every_model_is_registered_in_the_admin(model: type[models.Model]):
    assert admin.site.is_registered(model)


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_every_model_says_in_words_what_it_is_for(model: type[models.Model]):
    said = (model.__doc__ or "").strip()

    assert said and not said.startswith(f"{model.__name__}(")


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_every_field_is_explained_or_explains_itself(model: type[models.Model]):
    told = _told_beneath(model)
    unexplained = [
        field.name
        for field in model._meta.get_fields()
        if isinstance(field, models.Field)
        and field.name not in SELF_EVIDENT
        and not field.help_text
        and not field.choices
        and not isinstance(field, models.ForeignKey)
        and field.name not in told
    ]

    assert not unexplained


def _told_beneath(model: type[models.Model]) -> set[str]:
    """Fields with a string under them in the source."""
    told = set()
    for path in APP.rglob("models.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and node.name == model.__name__:
                for field, after in zip(node.body, node.body[1:], strict=False):
                    if isinstance(field, ast.Assign) and isinstance(after, ast.Expr):
                        told |= {ast.unparse(target) for target in field.targets}
    return told


def test_no_model_of_ours_points_into_the_shop():
    foreign = [
        f"{model.__name__}.{field.name}"
        for model in OURS
        for field in model._meta.get_fields()
        if field.is_relation
        and not field.auto_created
        and field.related_model is not None
        and field.related_model._meta.app_label != "persona"
    ]

    assert not foreign


@pytest.mark.django_db
def test_migrations_are_complete():
    call_command("makemigrations", "persona", check=True, dry_run=True, verbosity=0)
