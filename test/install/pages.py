# RUN: %python %s %source %build
"""What docs/add-a-layer.md and examples/new-op/README.md show happens as they
show it, with rnnc installed and examples/new-op built outside of the project."""

import pathlib
import sys
import tempfile

from prefix import install
from run_page import run_page

PAGES = ("docs/add-a-layer.md", "examples/new-op/README.md")
MOST_LINES = 100


def main(source, build):
    faults = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        install(build, folder)
        (folder / "examples").symlink_to(source / "examples")
        for page in PAGES:
            found, count = run_page(source / page, folder)
            faults += [f"{page}: {fault}" for fault in found]
            print(f"{page}: {count} commands")
            if count == 0:
                faults.append(f"{page} shows no command")
    lines = len((source / "examples/new-op/Griffin.cpp").read_text().splitlines())
    if lines > MOST_LINES:
        faults.append(f"Griffin.cpp has {lines} lines; {MOST_LINES} are promised")
    print("\n".join(faults))
    return bool(faults)


sys.exit(main(*map(pathlib.Path, sys.argv[1:])))
