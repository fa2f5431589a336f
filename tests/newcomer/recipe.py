"""Follow a Markdown page as a person would: write the files it shows, type its commands.

A code block belongs to the sentence above it. "In a new file `X`:" writes it, "At the end of
`X`:" appends it, "In the template ..., `X`:" puts it before the end of the page's body. An `sh`
block is typed line by line, and a `text` block is what the last command must have printed.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests import network

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```([\w+]*)\s*$")
ANY_TEXT = "..."


@dataclass(frozen=True)
class Step:
    """One code block and what its sentence says to do with it."""

    action: str
    path: str
    text: str

    def changed_lines(self) -> int:
        """Lines a person has to write for it; empty ones and commands do not count."""
        if self.action in ("type", "read"):
            return 0
        return sum(1 for line in self.text.splitlines() if line.strip())


def steps_of(markdown: str) -> Iterator[Step]:
    """Every code block of a page that its sentence gives a meaning, in order."""
    lines = iter(markdown.splitlines())
    paragraph, is_open = "", False
    for line in lines:
        fence = FENCE.match(line)
        if fence is None:
            text = line.strip()
            paragraph = f"{paragraph} {text}" if is_open and text else text or paragraph
            is_open = bool(text)
            continue
        block = "\n".join(_until_closed(lines)) + "\n"
        action, path = _meaning(paragraph.split(". ")[-1], fence[1])
        if action:
            yield Step(action, path, block)
        paragraph, is_open = "", False


def _until_closed(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if line.strip() == "```":
            return
        yield line


def _meaning(sentence: str, language: str) -> tuple[str, str]:
    if language in ("sh", "text"):
        return "type" if language == "sh" else "read", ""
    named = re.findall(r"`([^`]+)`", sentence)
    if not named or not sentence.rstrip().endswith(":"):
        return "", ""
    words = sentence.lower()
    for phrase, action in (
        ("new file", "create"),
        ("replace", "create"),
        ("at the end of", "append"),
        ("template", "insert"),
    ):
        if phrase in words:
            return action, named[-1]
    return "", ""


def section(markdown: str, title: str) -> str:
    """The part of a page under one heading."""
    _, _, rest = markdown.partition(f"\n## {title}\n")
    assert rest, f"there is no section {title!r}"
    return rest.split("\n## ")[0]


@dataclass(frozen=True)
class Place:
    """The folder in which a page is followed."""

    folder: Path
    python: str = sys.executable
    """The interpreter that `python` means here."""
    checkout: str = str(ROOT)
    """Where persona_django is imported from; empty when it is installed."""
    printed: list[str] = field(default_factory=list)
    """What each command printed."""

    def follow(self, step: Step) -> str:
        """Do one step; what a command printed comes back."""
        if step.action == "type":
            return self._type(step.text)
        if step.action == "read":
            for line in step.text.splitlines():
                _assert_printed(line, self.printed[-1])
            return ""
        target = self._find(step.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if step.action == "create":
            target.write_text(step.text, encoding="utf-8")
        elif step.action == "append":
            before = target.read_text(encoding="utf-8")
            target.write_text(before + "\n" + step.text, encoding="utf-8")
        else:
            before = target.read_text(encoding="utf-8")
            assert "</body>" in before
            target.write_text(before.replace("</body>", step.text + "</body>"), encoding="utf-8")
        return ""

    def _find(self, path: str) -> Path:
        """The file a page means: the path as given, or the only file of that name."""
        if (self.folder / path).exists() or "/" in path:
            return self.folder / path
        found = [here for here in self.folder.rglob(Path(path).name) if here.is_file()]
        return found[0] if len(found) == 1 else self.folder / path

    def _type(self, text: str) -> str:
        printed = ""
        for command in text.splitlines():
            if command.startswith("python -m pip install"):
                continue  # the suite's own environment has it already
            self.printed.append(self.run(*shlex.split(command)))
            printed += self.printed[-1]
        return printed

    def run(self, *command: str) -> str:
        """Run a command here as its user would; a failure shows what it printed."""
        words = list(command)
        if words[0] == "python":
            words[0] = self.python
        elif words[0] == "django-admin":
            words[:1] = [self.python, "-m", "django"]
        done = subprocess.run(
            words,
            cwd=self.folder,
            env=self._environment(),
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        assert done.returncode == 0, f"{shlex.join(command)} failed:\n{done.stdout}"
        return done.stdout

    def _environment(self) -> dict[str, str]:
        # A newcomer has none of the suite's variables, but does have our package.
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(
                ("DJANGO_", "DATABASE_", "CACHE_", "BROKER_", "PERSONA_", "PYTHON")
            )
        }
        kept["COLUMNS"] = "100"
        return {**kept, "PYTHONPATH": network.python_path(self.checkout)}


def _assert_printed(line: str, out: str) -> None:
    wanted = ".*".join(re.escape(part.strip()) for part in line.split(ANY_TEXT))
    assert re.search(wanted, out), f"{line!r} was not printed, but:\n{out}"
