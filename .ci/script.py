"""Build persona.min.js from persona.js: `python .ci/script.py path/to/esbuild`."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "persona_django" / "static" / "persona"


def main(esbuild: str) -> None:
    source, built = FOLDER / "persona.js", FOLDER / "persona.min.js"
    # Without node nobody can build it, but anybody can tell from this line that it is stale.
    told = hashlib.sha256(source.read_bytes()).hexdigest()
    options = ["--bundle", "--format=esm", "--minify", "--target=es2021", "--charset=utf8"]
    done = subprocess.run(
        [esbuild, str(source), *options, f"--banner:js=/* persona.js sha256 {told} */"],
        check=True,
        capture_output=True,
    )
    built.write_bytes(done.stdout)
    small = len(gzip.compress(done.stdout, 9))
    print(f"{built.name}: {len(done.stdout):,} bytes, {small:,} gzipped")


if __name__ == "__main__":
    main(sys.argv[1])
