# RUN: %python %s %build
"""What the built files need: the runtime stays small and free of LLVM, and the
compiler has one MLIR, the shared one (two in one process do not know each
other's types)."""

import pathlib
import re
import subprocess
import sys
import tempfile

build = pathlib.Path(sys.argv[1])
sanitized = "-fsanitize" in (build / "CMakeCache.txt").read_text()
failures = []


def output(*command):
    return subprocess.run(
        [str(word) for word in command], check=True, capture_output=True, text=True
    ).stdout


def needed(path):
    return re.findall(r"\(NEEDED\).*\[(.*)\]", output("readelf", "-d", path))


runtime = (build / "lib" / "librnn.so").resolve()
foreign = [name for name in needed(runtime) if re.search("LLVM|MLIR|dnnl", name)]
if foreign:
    failures.append(f"{runtime} needs {', '.join(foreign)}")
symbols = output("nm", "-D", runtime)
if re.search(r"\b_ZN?K?4(llvm|mlir)", symbols):
    failures.append(f"{runtime} has symbols of LLVM")
# What is weak is an inline function or a template of the standard library.
exported = re.findall(r" [TDB] (\w+)", output("nm", "-D", "--defined-only", runtime))
foreign = [name for name in exported if not name.startswith("rnn_")]
if foreign and not sanitized:
    failures.append(f"{runtime} exports {', '.join(foreign[:5])}")
with tempfile.TemporaryDirectory() as folder:
    stripped = pathlib.Path(folder) / "librnn.so"
    output("strip", "-o", stripped, runtime)
    size = stripped.stat().st_size
if size >= 2 << 20 and not sanitized:
    failures.append(f"{runtime} has {size} bytes; fewer than 2 MiB are allowed")

for file in ("bin/rnnc", "bin/rnn-opt", "bin/rnn-lsp-server", "lib/librnnc_dialect.so"):
    path = build / file
    for library in ("libMLIR.so", "libLLVM.so"):
        if not any(name.startswith(library) for name in needed(path)):
            failures.append(f"{path} does not need {library}")
    # One that is linked in as well would be defined here.
    defined = output("nm", "--defined-only", path)
    if re.search(r" T _ZN4mlir11MLIRContextC", defined):
        failures.append(f"{path} contains a second MLIR")
for library in ("LLVM", "MLIR", "rnnc"):
    if any(library in name for name in needed(build / "bin" / "rnn")):
        failures.append(f"rnn needs {library}")

print("\n".join(failures))
sys.exit(bool(failures))
