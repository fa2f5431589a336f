"""The compiled kernel in the forked children of a real Celery worker."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from persona_django.numeric.neighbours import available_backend
from tests.services import SERVICES

pytest.importorskip("celery", reason="celery is not installed")


@pytest.mark.service("redis")
@pytest.mark.skipif(available_backend() != "numba", reason="numba is not installed")
def test_both_children_of_a_prefork_worker_compute(tmp_path, monkeypatch):
    queue = f"kernel-{uuid.uuid4().hex}"
    monkeypatch.setenv("KERNEL_BROKER", SERVICES["redis"].url)
    monkeypatch.setenv("KERNEL_QUEUE", queue)
    from tests.numeric.prefork import app, pair

    root = Path(__file__).parents[2]
    command = ["-m", "celery", "-A", "tests.numeric.prefork", "worker", "--pool", "prefork"]
    with (tmp_path / "log").open("w") as log:
        worker = subprocess.Popen(
            [sys.executable, *command, "--concurrency", "2", "--without-mingle", "-Q", queue],
            cwd=root,
            env={**os.environ, "PERSONA_KERNEL_CACHE": "-"},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            answers = [pair.delay() for _ in range(4)]
            found = [answer.get(timeout=240) for answer in answers]
        finally:
            worker.terminate()
            worker.wait(timeout=60)
            app.close()

    assert [score for score, *_ in found] == [[0.5, 0.5]] * 4
    assert {parent for *_, parent in found} == {worker.pid}
    assert worker.pid not in {child for _, child, _ in found}
