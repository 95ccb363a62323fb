# RUN: %python %s %source > %t && cat %t
# REQUIRES: ptxas
"""Every kernel of every example, assembled by NVIDIA's ptxas for each
architecture, in f32 or, on two of them, bf16 and tf32 (NARROW): it must take the PTX, and no scan may have stack memory or spill
registers. Prints a table: registers, shared memory and spills of each kernel.

    assemble.py SOURCE [MODEL...]

rnnc and ptxas are looked for in PATH (scripts/install-ptxas.sh gets a ptxas).
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ARCHITECTURES = (80, 86, 89, 90, 100, 120)
PROPERTIES = re.compile(
    r"Compiling entry function '(\w+)'.*?(\d+) bytes stack frame, "
    r"(\d+) bytes spill stores, (\d+) bytes spill loads.*?"
    r"Used (\d+) registers", re.DOTALL)


# In which f32 products, and what lies in memory, are narrower.
NARROW = {80: "bf16", 100: "tf32"}


def compiled(model, architecture, path):
    """Writes the PTX; False where a block of that GPU has too little memory."""
    done = subprocess.run(
        ["rnnc", str(model), f"--target=cuda:sm_{architecture}", "--emit=ptx",
         f"--precision={NARROW.get(architecture, 'f32')}", "-o", str(path)],
        capture_output=True, text=True, timeout=120)
    if done.returncode == 0:
        return True
    if "that a block of cuda:sm_" in done.stderr:
        return False
    sys.exit(f"{model}: rnnc failed: {done.stderr}")


def assembled(path, architecture):
    """[(kernel, registers, stack bytes, spilled bytes)]"""
    done = subprocess.run(
        ["ptxas", f"-arch=sm_{architecture}", "-v", str(path), "-o",
         "/dev/null"], capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        sys.exit(f"{path}: ptxas failed: {done.stderr}")
    return [(name, int(registers), int(stack), int(stores) + int(loads))
            for name, stack, stores, loads, registers
            in PROPERTIES.findall(done.stderr)]


def main():
    source = Path(sys.argv[1])
    models = [Path(m) for m in sys.argv[2:]] or sorted(
        [*source.glob("examples/cells/*.mlir"),
         *source.glob("examples/char-lm/*.mlir"),
         *source.glob("examples/chomsky/*.mlir"),
         *source.glob("examples/offline-rl/*.mlir"),
         *source.glob("examples/selective-copy/*.mlir")])
    bad, kernels = [], 0
    with tempfile.TemporaryDirectory() as folder:
        for model in models:
            name = f"{model.parent.name}/{model.stem}"
            for architecture in ARCHITECTURES:
                path = Path(folder) / "kernels.ptx"
                if not compiled(model, architecture, path):
                    print(f"{name:32} sm_{architecture:<4} needs more shared "
                          "memory than a block has")
                    continue
                table = assembled(path, architecture)
                found = re.findall(r"\.entry (\w+)\(", path.read_text())
                if sorted(found) != sorted(row[0] for row in table):
                    sys.exit(f"{name}: kernels without a line of ptxas")
                kernels += len(table)
                most = max(table, key=lambda row: row[1])
                spilled = [row for row in table if row[2] or row[3]]
                print(f"{name:32} sm_{architecture:<4} {len(table):3} kernels, "
                      f"at most {most[1]:3} registers ({most[0]})"
                      + "".join(f"; {row[0]} spills {row[3]} bytes"
                                for row in spilled))
                bad += [f"{name} sm_{architecture} {row[0]}" for row in spilled
                        if row[0].startswith(("kernel_", "blocked_"))]
    print(f"{kernels} kernels, {len(bad)} scans with spills")
    if bad:
        sys.exit("scans with spills or stack memory: " + ", ".join(bad))


main()
