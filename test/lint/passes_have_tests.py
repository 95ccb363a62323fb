# RUN: %python %s %source
"""Every registered pass has a test of its name: rnn-hoist has hoist.mlir."""

import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
arguments = []
for source in sorted((root / "passes").rglob("*")):
    if source.suffix == ".td":
        arguments += re.findall(r': *Pass<"rnn-([a-z0-9-]+)"', source.read_text())
    elif source.suffix in (".h", ".cpp"):
        # A pass without TableGen names itself in getArgument.
        arguments += re.findall(
            r'getArgument\(\)[^"{]*\{\s*return "rnn-([a-z0-9-]+)"',
            source.read_text(),
        )
missing = [
    f"rnn-{name}: there is no test/passes, test/cpu or test/gpu/{name}.mlir"
    for name in arguments
    if not any(
        (root / "test" / folder / f"{name}.mlir").exists()
        for folder in ("passes", "cpu", "gpu")
    )
]
print("\n".join(missing))
sys.exit(bool(missing) or not arguments)
