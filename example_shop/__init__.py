"""A shop that shows what persona_django does; every product in it is invented."""

from example_shop.celery import app as celery_app

__all__ = ("celery_app",)
