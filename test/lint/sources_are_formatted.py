# RUN: %python %s %source
"""clang-format has nothing to change, and no script makes shellcheck speak."""

import pathlib
import shutil
import subprocess
import sys

root = pathlib.Path(sys.argv[1])
folders = ("bench", "dialect", "examples", "passes", "runtime", "test", "tools")
sources = sorted(
    str(path)
    for folder in folders
    for path in (root / folder).rglob("*")
    if path.suffix in (".c", ".h", ".cpp", ".hpp")
)
scripts = sorted(str(path) for path in (root / "scripts").glob("*.sh"))
scripts += sorted(str(path) for path in (root / "examples").rglob("*.sh"))
scripts += [str(root / ".ci" / "run"), str(root / "bench" / "run.sh")]
failed = False
for command in (
    ["clang-format-22", "--dry-run", "-Werror", *sources],
    ["shellcheck", "-x", *scripts],
):
    if not shutil.which(command[0]):
        print(f"{command[0]} is missing: run scripts/install-packages.sh")
        failed = True
        continue
    failed |= subprocess.run(command).returncode != 0
sys.exit(failed)
