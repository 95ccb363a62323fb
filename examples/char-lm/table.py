"""The runs of run.sh as a table in Markdown.

    python3 examples/char-lm/table.py [FOLDER...]    by default build/char-lm/*

A run that is still at work, or was not measured, has no line.
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEADER = ("mixer", "precision", "parameters", "seed", "updates", "best at",
          "200 random batches", "the whole split", "minutes")


def seconds_of(lines):
    """Of training alone: each process that took part counts from its zero."""
    total = last = 0
    for line in lines:
        if "elapsed" in line:
            total += last if line["elapsed"] < last else 0
            last = line["elapsed"]
    return total + last


def row(folder):
    about = json.loads((folder / "run.json").read_text())
    lines = [json.loads(line) for line in
             (folder / "metrics.jsonl").read_text().splitlines()]
    losses = {line["step"]: line["validation_loss"] for line in lines
              if "validation_loss" in line}
    measured = [json.loads((folder / f"{how}.json").read_text())["loss"]
                for how in ("random", "whole")]
    mixer, precision, seed = folder.name.rsplit("-", 2)
    return (mixer, precision, f"{about['model']['parameters'] / 1e6:.2f} M",
            seed, str(max(losses)), str(min(losses, key=losses.get)),
            *(f"{loss:.3f}" for loss in measured),
            f"{seconds_of(lines) / 60:.0f}")


def main():
    folders = [Path(name) for name in sys.argv[1:]] \
        or sorted((ROOT / "build/char-lm").glob("*/"))
    rows = [row(folder) for folder in folders
            if (folder / "random.json").exists()]
    print("| " + " | ".join(HEADER) + " |\n" + "|---" * len(HEADER) + "|")
    for one in sorted(rows, key=lambda one: float(one[6])):
        print("| " + " | ".join(one) + " |")


main()
