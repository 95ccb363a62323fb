# RUN: %python %s %source %build
"""scripts/gpu-suite.sh packs and runs, here on the simulated GPU: the folder is
whole by itself, a right kernel passes, and a wrong number fails."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

source, build = map(Path, sys.argv[1:3])


def run(*words, code=0):
    done = subprocess.run(
        [str(word) for word in words], capture_output=True, text=True,
        env=os.environ | {"RNNC_BUILD": str(build), "PYTHON": sys.executable})
    assert done.returncode == code, (words, done.stdout, done.stderr)
    return done.stdout


with tempfile.TemporaryDirectory() as root:
    folder = Path(root) / "pack"
    print(run(sys.executable, source / "bench/gpu/pack.py", folder, "--target",
              "sim", "--cases", "min_gru", "--features", "100"))
    # Elsewhere, with nothing of the build.
    moved = Path(root) / "moved"
    shutil.move(folder, moved)
    suite = (source / "scripts/gpu-suite.sh", "run", moved, "--device", "sim",
             "--quick")
    said = run(*suite)
    assert "conformance: 2 of 2 cases pass" in said, said
    results = json.loads((moved / "results.json").read_text())
    rows = {row["what"]: row for row in results["layers"]}
    assert set(rows) == {f"{layer} {precision}"
                         for layer in ("min_gru", "min_lstm", "gru", "lstm")
                         for precision in ("f32", "bf16")}, rows
    assert all(row["both_ms"] > 0 for row in rows.values()), rows
    for row in rows.values():
        # At least a layer's result: 2 sequences of 16 steps, 100 features.
        assert row["peak_bytes"] > 4 * 2 * 16 * 100, row
        scans = [kernel for kernel in row["kernels"]
                 if kernel.get("what", "").startswith("scan")]
        assert scans, row
        assert all(kernel["ms"] > 0 and kernel["launches"] >= 1
                   for kernel in row["kernels"]), row
        # Reads and writes no less than that.
        assert all(kernel["bytes"] >= 4 * 2 * 16 for kernel in scans), row
        products, = [kernel for kernel in row["kernels"]
                     if kernel["kernel"] == "product_*"]
        assert products["launches"] >= 6, products  # two layers' three
        # Of the head alone: 32 rows of 100 features, 16 outputs.
        assert products["operations"] > 3 * 2 * 32 * 100 * 16, products
    assert "of copy, of peak" in said and "scan, backwards in time" in said, said

    expected = moved / "conformance" / "min_gru_small.f32.npz"
    kept = dict(np.load(expected))
    kept["0:output:0"][0, 0, 0] += 0.01
    np.savez(expected, **kept)
    said = run(*suite, code=1)
    assert "FAIL min_gru_small.f32: values" in said, said
