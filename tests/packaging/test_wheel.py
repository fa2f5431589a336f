"""What a shop gets when it installs persona-django."""

from __future__ import annotations

import email
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests import services
from tests.newcomer.recipe import ROOT, Place, section, steps_of
from tests.newcomer.shops import build

SHIPPED = {".py", ".html", ".css", ".js", ".svg", ".txt", ".typed", ".po", ".mo"}


def names(wheel: Path) -> list[str]:
    return zipfile.ZipFile(wheel).namelist()


def test_the_wheel_holds_every_file_of_the_app_and_nothing_else(wheel: Path):
    app = ROOT / "persona_django"
    wanted = {
        path.relative_to(ROOT).as_posix()
        for path in app.rglob("*")
        if path.is_file() and path.suffix in SHIPPED and "__pycache__" not in path.parts
    }

    held = {name for name in names(wheel) if ".dist-info/" not in name}

    assert held == wanted


def test_the_wheel_holds_templates_static_files_migrations_and_its_types(wheel: Path):
    held = names(wheel)

    assert "persona_django/py.typed" in held
    assert "persona_django/templates/persona/block.html" in held
    assert any(name.startswith("persona_django/static/persona/") for name in held)
    assert any(name.startswith("persona_django/migrations/0001_") for name in held)
    assert any(name.endswith("licenses/LICENSE") for name in held)


def test_the_wheel_says_what_it_needs_and_what_is_extra(wheel: Path):
    archive = zipfile.ZipFile(wheel)
    (metadata,) = (name for name in archive.namelist() if name.endswith("/METADATA"))

    said = email.message_from_bytes(archive.read(metadata))

    assert said["Requires-Python"] == ">=3.10"
    assert set(said.get_all("Provides-Extra", [])) == {"fast", "openapi", "parquet", "postgres"}
    assert any(line.startswith("django>=5.2") for line in said.get_all("Requires-Dist", []))


@pytest.fixture(scope="module")
def bare_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The interpreter of an empty virtual environment in which only the wheel was installed."""
    folder = tmp_path_factory.mktemp("empty")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    done = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--no-compile", wheel],
        cwd=folder,
        text=True,
        capture_output=True,
        check=False,
    )
    if done.returncode and not services.are_required():
        pytest.skip(f"pip cannot install what the wheel needs: {done.stderr.splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    return str(python)


def test_the_wheel_renders_a_block_in_an_empty_environment_outside_the_checkout(
    bare_python: str, tmp_path: Path
):
    place = build(Place(tmp_path, python=bare_python, checkout=""))

    for step in steps_of(section((ROOT / "README.md").read_text("utf-8"), "Add it to your shop")):
        place.follow(step)

    where = place.run("python", "-c", "import persona_django; print(persona_django.__file__)")
    assert str(ROOT) not in where
    _, _, block = place.run("python", "look.py", "Kettle").partition("</h1>")
    assert "Teapot" in block
