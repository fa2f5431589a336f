"""Measurements that compare persona_django with other ways of doing the same, in one run."""
