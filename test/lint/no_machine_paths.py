# RUN: %python %s %source
"""No tracked file names a folder of the machine that it was written on."""

import pathlib
import re
import subprocess
import sys

root = pathlib.Path(sys.argv[1])
# Written so that this file does not contain what it looks for.
machine = re.compile("/(work|home|root|Users)" + "/[A-Za-z]")
if not (root / ".git").exists():
    print("not a git checkout: nothing is tracked")
    sys.exit(0)
tracked = subprocess.run(
    ["git", "-c", f"safe.directory={root}", "ls-files", "-z"],
    cwd=root, check=True, capture_output=True, text=True,
).stdout.split("\0")
failures = []
for name in filter(None, tracked):
    path = root / name
    if not path.is_file():
        continue  # deleted, but not committed
    text = path.read_bytes().decode("utf-8", "replace")
    for number, line in enumerate(text.splitlines(), 1):
        if machine.search(line):
            failures.append(f"{name}:{number}: {line.strip()}")
print("\n".join(failures))
sys.exit(bool(failures))
