"""How long rnnc takes, by the depth of the model. Batch and time are dynamic, so
one compilation serves every length: T does not appear.

    python3 bench/compile-time/run.py [--out FILE.json]
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = Path(os.environ.get("RNNC_BUILD", HERE.parents[1] / "build"))

# The paper's block (examples/char-lm/paper.mlir) at any depth.
MODEL = (HERE.parents[1] / "examples" / "char-lm" / "paper.mlir").read_text()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", help="also write the result as JSON")
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    assert "rnn.repeat 3 " in MODEL
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for depth in (1, 12, 48):
            source, module = f"{folder}/model.mlir", f"{folder}/model.so"
            Path(source).write_text(
                MODEL.replace("rnn.repeat 3 ", f"rnn.repeat {depth} "))
            seconds = []
            for _ in range(options.repeat):
                start = time.perf_counter()
                subprocess.run([BUILD / "bin" / "rnnc", source, "-o", module],
                               check=True)
                seconds.append(time.perf_counter() - start)
            rows.append({"layers": depth,
                         "seconds": round(statistics.median(seconds), 3),
                         "module_bytes": os.path.getsize(module)})
    print("| layers | compile, s (median) | module, kB |\n|---|---|---|")
    for row in rows:
        print(f"| {row['layers']} | {row['seconds']:.2f} | "
              f"{row['module_bytes'] / 1000:.0f} |")
    if options.out:
        Path(options.out).write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
