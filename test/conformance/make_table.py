"""Runs every conformance case and writes docs/conformance.md: a row a layer.

    python3 test/conformance/make_table.py [--out FILE.md]

An entry is the largest error over the layer's cases, sizes and batches; an empty
one means that there is no such case. RNNC_BUILD names the build folder.
"""

import argparse
import re
import sys
import unittest
from pathlib import Path

import report
import test_layers
from cases import CASES

ABOUT = """# Conformance

Written by `test/conformance/make_table.py`; what the columns compare, and the
limits, is in [test/conformance/README.md](../test/conformance/README.md).
Largest errors, relative to the largest value, over widths 1 to 385, times 1 to
1000 and batches 1 and 3: forward is f64 against NumPy, backward f64 gradients
against finite differences, step the constant-time step against the whole
sequence in f32, windows two windows with the state carried against one, reverse,
mask, reset and state (initial states given, last ones returned) the larger of
forward and backward in the cases with that clause, f32 and f32 backward against
f64. The bits are the same for 1, 2 and 3 threads in every case.

A layer that runs backwards in time, in one of its directions, has no step.
Attention exposes its cache as states that calls carry, not by `init` and `last`.
"""


def layer_of(case):
    """The op that the case is about: its first with a name, else its first."""
    named = re.search(r'rnn\.(\w+) (?:@\w+ )?"', case.body)
    first = re.search(r"(rnn|math|arith)\.\w+", case.body)
    name = f"rnn.{named.group(1)}" if named else first.group(0)
    return "rnn.apply (cells)" if name == "rnn.apply" else name


def has(case, word):
    return re.search(rf"\b{word}\b", case.body) is not None


COLUMNS = {
    "forward": (("f64 - NumPy",), lambda case: True),
    "backward": (("gradient",), lambda case: True),
    "step": (("step",), lambda case: True),
    "windows": (("windows",), lambda case: True),
    "reverse": (("f64 - NumPy", "gradient"),
                lambda case: has(case, "reverse") or has(case, "bidirectional")),
    "mask": (("f64 - NumPy", "gradient"), lambda case: has(case, "mask")),
    "reset": (("f64 - NumPy", "gradient"), lambda case: has(case, "reset")),
    "state": (("f64 - NumPy", "gradient"),
              lambda case: has(case, "init") or has(case, "last")),
    "f32": (("f32 - f64",), lambda case: True),
    "f32 backward": (("f32 - f64 grad",), lambda case: True),
}


def entry(cases, what, applies):
    found = [report.worst(case.name, name) for case in cases if applies(case)
             for name in what]
    errors = [error for error in found if error is not None]
    return f"{max(errors):.0e}" if errors else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", default=str(
        Path(__file__).resolve().parents[2] / "docs" / "conformance.md"))
    options = parser.parse_args()
    suite = unittest.defaultTestLoader.loadTestsFromModule(test_layers)
    result = unittest.TextTestRunner().run(suite)
    if not result.wasSuccessful():
        sys.exit("some case fails: no table is written")
    layers = {}
    for case in CASES:
        layers.setdefault(layer_of(case), []).append(case)
    lines = [ABOUT, "| layer | cases | " + " | ".join(COLUMNS) + " |",
             "|---" * (len(COLUMNS) + 2) + "|"]
    for layer, cases in layers.items():
        cells = [entry(cases, *column) for column in COLUMNS.values()]
        lines.append(f"| `{layer}` | {len(cases)} | " + " | ".join(cells) + " |")
    Path(options.out).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
