# RUN: %python %s %source
"""The runtime, `rnn` and programs that embed it include neither LLVM nor MLIR nor
the compiler; a plugin (examples/new-op) is a part of the compiler."""

import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
forbidden = re.compile(
    r'^\s*#\s*include\s*[<"](mlir|llvm|llvm-c|mlir-c|dialect|passes)/', re.M
)
sources = [
    path
    for folder in ("runtime", "tools/rnn", "examples")
    for path in (root / folder).rglob("*")
    if path.suffix in (".c", ".h", ".cpp", ".hpp") and "new-op" not in path.parts
]
failures = [
    f"{path}: {match.group().strip()}"
    for path in sources
    for match in forbidden.finditer(path.read_text())
]
print("\n".join(failures))
sys.exit(bool(failures) or not sources)
