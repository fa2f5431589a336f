"""A Celery app of a shop's own, for tests that start real workers in processes of their own."""
