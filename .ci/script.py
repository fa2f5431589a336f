"""Build persona.min.js from persona.js: `python .ci/script.py path/to/esbuild`."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "persona_django" / "static" / "persona"


def built(esbuild: str) -> bytes:
    """What the source comes to. The tests compare it where they find esbuild, named by ESBUILD."""
    source = FOLDER / "persona.js"
    # Without node nobody can build it, but anybody can tell from this line that it is stale.
    told = hashlib.sha256(source.read_bytes()).hexdigest()
    options = ["--bundle", "--format=esm", "--minify", "--target=es2021", "--charset=utf8"]
    done = subprocess.run(
        [esbuild, str(source), *options, f"--banner:js=/* persona.js sha256 {told} */"],
        check=True,
        capture_output=True,
    )
    return done.stdout


def main(esbuild: str) -> None:
    found = built(esbuild)
    file = FOLDER / "persona.min.js"
    file.write_bytes(found)
    small = len(gzip.compress(found, 9))
    print(f"{file.name}: {len(found):,} bytes, {small:,} gzipped")


if __name__ == "__main__":
    main(sys.argv[1])
